"""The telemetry service on a real broker: figures for Prometheus from the log, across restarts, poison and
outages. PostgreSQL is away all the time: these figures need none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from support.eventually import eventually
from support.made_topics import made_topics
from support.messages import message
from support.stack import Infra

from agentbus.bus.address import BusAddress
from agentbus.bus.codec import encode, record_headers
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.record import Outgoing
from agentbus.contracts.commands import StartPlan
from agentbus.contracts.plan_record import PlanRecord
from agentbus.contracts.topics import MESSAGES, PLANS, dead_letter_topic
from agentbus.telemetry.app import build
from agentbus.telemetry.instruments import PrometheusFigures
from agentbus.telemetry.settings import TelemetrySettings

pytestmark = pytest.mark.integration
NOW = "2026-01-01T00:00:00.000000Z"
RUFF = {"agent": "analyst", "tool": "ruff"}


class Instance:
    """A running telemetry service with a registry of its own."""

    def __init__(self, address: BusAddress) -> None:
        self._registry = CollectorRegistry()
        settings = TelemetrySettings.model_validate(
            {
                "kafka_bootstrap": address.bootstrap,
                "namespace": address.namespace,
                "health_check_seconds": 1,
                "auth": "none",
                "postgres_url": "postgresql://127.0.0.1:1/away",
            }
        )
        self.app = build(settings, PrometheusFigures(self._registry))
        transport = httpx.ASGITransport(self.app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://localhost")

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Instance"]:
        async with self.app.router.lifespan_context(self.app):
            yield self

    def value(self, name: str, **labels: str) -> float:
        return self._registry.get_sample_value(f"agentbus_telemetry_{name}", labels) or 0.0

    async def shows(self, expected: float, name: str, **labels: str) -> None:
        def check() -> None:
            assert self.value(name, **labels) == expected

        await eventually(check, within=30)


@pytest.fixture
async def address(stack: Infra) -> AsyncIterator[BusAddress]:
    address = BusAddress(stack.kafka_bootstrap, stack.namespace())
    async with made_topics(address):
        yield address


@pytest.fixture
async def producer(address: BusAddress) -> AsyncIterator[Producer]:
    producer = Producer(address)
    await producer.start()
    yield producer
    await producer.stop()


@pytest.fixture
async def reader(address: BusAddress) -> AsyncIterator[Reader]:
    reader = Reader(address)
    yield reader
    await reader.stop()


def _action(plan_id: str, seq: int, kind: str, action: str, **fields: Any) -> dict[str, Any]:
    payload = {"tool": "ruff", "arguments": {}, "duration_seconds": 0.5}
    return message(plan_id, seq, type=f"action_{kind}", action_id=action, payload=payload, **fields)


async def _publish(producer: Producer, *messages: dict[str, Any]) -> None:
    headers = record_headers("message.v1")
    await producer.send_all(
        [Outgoing(MESSAGES, each["plan_id"], encode(each), headers) for each in messages], timeout_seconds=30
    )


async def test_figures_come_from_the_log_and_repeats_change_nothing(
    address: BusAddress, producer: Producer
) -> None:
    plans = [
        [
            message(plan_id, 1, type="plan_created"),
            _action(plan_id, 2, "started", "a"),
            _action(plan_id, 3, "completed", "a"),
            _action(plan_id, 4, "started", "b"),
            _action(plan_id, 5, "failed", "b"),
            _action(plan_id, 6, "started", "c"),
        ]
        for plan_id in (f"plan{number}" for number in range(20))
    ]
    async with Instance(address).running() as telemetry:
        for plan in plans:
            await _publish(producer, *plan, *plan[2:])  # a relay that was killed publishes again
        await telemetry.shows(20 * 4, "judged_messages_total", verdict="duplicate")
        assert telemetry.value("judged_messages_total", verdict="accepted") == 20 * 6
        assert telemetry.value("action_executions_total", **RUFF) == 40
        assert telemetry.value("action_failures_total", **RUFF) == 20
        assert telemetry.value("action_seconds_sum", **RUFF) == 20.0
        assert telemetry.value("actions_in_flight", **RUFF) == 20
        for plan in plans:
            plan_id = plan[0]["plan_id"]
            await _publish(
                producer,
                message(plan_id, 7, type="plan_resumed", attempt=2),
                _action(plan_id, 7, "completed", "c"),  # the runner that was cut off
                message(plan_id, 8, type="plan_completed", attempt=2),
            )
        await telemetry.shows(20, "plan_status_total", status="completed")
        await telemetry.shows(20, "judged_messages_total", verdict="stale")
        assert telemetry.value("actions_in_flight", **RUFF) == 0
        assert telemetry.value("action_executions_total", **RUFF) == 40
        assert (await telemetry.http.get("/health/ready")).status_code == 200


async def test_what_is_in_flight_survives_a_restart_and_nothing_is_counted_twice(
    address: BusAddress, producer: Producer, reader: Reader
) -> None:
    await _publish(
        producer,
        message("p", 1, type="plan_created"),
        _action("p", 2, "started", "a"),
        _action("p", 3, "completed", "a"),
        _action("p", 4, "started", "b"),
    )
    await producer.send(PLANS, "p", encode(_record("p")), schema="plan_record.v1")
    async with Instance(address).running() as first:
        await first.shows(1, "actions_in_flight", **RUFF)
        await _committed(reader, 4)
    assert first.value("actions_in_flight", **RUFF) == 0
    assert first.value("plans_open", status="in_progress") == 0

    async with Instance(address).running() as second:
        await second.shows(1, "actions_in_flight", **RUFF)
        assert second.value("action_executions_total", **RUFF) == 0
        assert second.value("plans_open", status="in_progress") == 1
        await _publish(producer, _action("p", 5, "completed", "b"))
        await second.shows(1, "action_executions_total", **RUFF)
        assert second.value("actions_in_flight", **RUFF) == 0


async def test_two_instances_share_the_partitions(address: BusAddress, producer: Producer) -> None:
    plans = [f"plan{number}" for number in range(30)]
    async with Instance(address).running() as first, Instance(address).running() as second:
        await eventually(lambda: _both_ready(first, second), within=20)
        for plan_id in plans:
            await _publish(
                producer, message(plan_id, 1, type="plan_created"), _action(plan_id, 2, "started", "a")
            )

        def in_flight_together() -> None:
            assert sum(each.value("actions_in_flight", **RUFF) for each in (first, second)) == len(plans)

        await eventually(in_flight_together, within=30)


async def test_what_is_no_message_goes_to_the_dead_letter(
    address: BusAddress, producer: Producer, reader: Reader
) -> None:
    bad = (b"\xff\xfe", b"{}", b"[]", encode({**message("p", 1), "seq": "1"}))
    async with Instance(address).running() as telemetry:
        await producer.send_all([Outgoing(MESSAGES, "p", value) for value in bad], timeout_seconds=30)
        await _publish(producer, message("p", 1, type="plan_created"))
        await telemetry.shows(1, "plan_status_total", status="created")
    topic = dead_letter_topic(MESSAGES, "telemetry")
    letters = [record.value async for record in reader.read(topic, 0, 0)]
    assert letters == list(bad)


async def test_without_kafka_it_is_live_and_not_ready_and_stops(unused_tcp_port: int) -> None:
    async with Instance(BusAddress(f"127.0.0.1:{unused_tcp_port}")).running() as telemetry:
        assert (await telemetry.http.get("/health/live")).status_code == 200
        answer = await telemetry.http.get("/health/ready")
        assert answer.status_code == 503
        assert not answer.json()["checks"]["kafka"]["ok"]


def _record(plan_id: str) -> PlanRecord:
    start = StartPlan(
        command_id="c",
        plan_id=plan_id,
        workspace_id="default",
        user_id="local",
        issued_at=NOW,
        session_id="s",
        description="review",
        team_id="review",
        request_hash="h",
        expires_at=NOW,
    )
    return PlanRecord(start=start, state="in_flight", attempt=1, messages_offset=0, updated_at=NOW)


async def _committed(reader: Reader, offset: int) -> None:
    partition = await reader.partition_for(MESSAGES, "p")

    async def check() -> None:
        assert await reader.committed("telemetry", MESSAGES, partition) == offset

    await eventually(check, within=20)


async def _both_ready(*instances: Instance) -> None:
    for each in instances:
        assert (await each.http.get("/health/ready")).status_code == 200
