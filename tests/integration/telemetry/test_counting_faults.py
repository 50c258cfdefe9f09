"""The database away, two who believe that a partition is theirs, a rebuild: the figures are exact (C4)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest
from prometheus_client import CollectorRegistry
from support.command_line import agentbus
from support.eventually import eventually
from support.profiles import Profile
from support.stored_figures import assert_exact
from support.telemetry_world import TelemetryWorld
from support.varied_plans import interleaved, some_plans

from agentbus.bus.batch import Batch
from agentbus.chassis.background import running
from agentbus.chassis.health import Health
from agentbus.contracts.message import Message
from agentbus.contracts.topics import MESSAGES
from agentbus.telemetry.aggregation.counting import Counting
from agentbus.telemetry.aggregation.topics import count_messages
from agentbus.telemetry.app import build, make_parts
from agentbus.telemetry.handlers import read
from agentbus.telemetry.instruments import PrometheusFigures

pytestmark = pytest.mark.integration


@asynccontextmanager
async def database_away(url: str) -> AsyncIterator[None]:
    """Lets nobody into the database, and throws out who is in it."""
    parts = urlsplit(url)
    name = parts.path.removeprefix("/")
    connection = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")))
    try:
        await connection.execute(f'alter database "{name}" allow_connections false')
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name
        )
        yield
    finally:
        await connection.execute(f'alter database "{name}" allow_connections true')
        await connection.close()


async def test_without_the_database_figures_for_prometheus_go_on_and_the_others_catch_up(
    telemetry: TelemetryWorld,
) -> None:
    before, meanwhile, after = (some_plans(name, 5, seed=21) for name in ("before", "meanwhile", "after"))
    registry = CollectorRegistry()
    app = build(telemetry.settings, PrometheusFigures(registry))

    async def executed(plans: list[Profile]) -> None:
        metrics = registry.collect()
        samples = [each for metric in metrics for each in metric.samples]
        name = "agentbus_telemetry_action_executions_total"
        found = sum(each.value for each in samples if each.name == name)
        assert found == sum(len(plan.acts) for plan in plans)

    async with app.router.lifespan_context(app), _client(app) as client:
        await telemetry.publish(interleaved(before, seed=1))
        await telemetry.all_counted()
        async with database_away(telemetry.settings.postgres_url):
            await telemetry.publish(interleaved(meanwhile, seed=2))
            await eventually(lambda: executed([*before, *meanwhile]), within=60)
            answer = await client.get("/health/ready")
            assert (answer.status_code, answer.json()["status"]) == (200, "degraded"), answer.text
            assert not answer.json()["checks"]["database"]["ok"]
        await telemetry.publish(interleaved(after, seed=3))
        await telemetry.all_counted()
    await assert_exact(telemetry, [*before, *meanwhile, *after])


async def test_two_who_believe_that_a_partition_is_theirs_count_it_once(telemetry: TelemetryWorld) -> None:
    plan = some_plans("both", 1, seed=31)[0]
    await telemetry.publish(plan.messages())
    partition = await telemetry.reader.partition_for(MESSAGES, plan.plan_id)
    async with AsyncExitStack() as stack:
        both = [await _counting(telemetry, stack) for _ in range(2)]
        start = await _next_offset(telemetry, partition)
        records = [record async for record in telemetry.reader.read(MESSAGES, partition, start)]
        for each in both:
            await each.assigned(partition, start)
            await stack.enter_async_context(running("counting", each.run, Health()))
        for at in range(0, len(records), 3):
            parsed, _ = read(Batch(MESSAGES, partition, records[at : at + 3]))
            end = parsed[-1][0].offset + 1
            await asyncio.gather(*(each.take(partition, parsed, end) for each in both))

        async def all_counted() -> None:
            assert await _next_offset(telemetry, partition) == records[-1].offset + 1

        await eventually(all_counted, within=60)
    await assert_exact(telemetry, [plan])


async def test_rebuilt_from_the_log_the_figures_are_the_same(telemetry: TelemetryWorld) -> None:
    plans = some_plans("rebuilt", 20, seed=41)
    await telemetry.publish(interleaved(plans, seed=42))
    settings = telemetry.settings
    own = {
        "AGENTBUS_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
        "AGENTBUS_NAMESPACE": settings.namespace,
        "AGENTBUS_POSTGRES_URL": settings.postgres_url,
    }
    async with telemetry.service():
        await telemetry.all_counted()
        before = await _everything(telemetry)
        resolved = "update telemetry.errors set state = 'resolved', resolved_at = now(), resolved_by = 'ann'"
        await telemetry.rows(resolved)
        # Figures that are wrong for whatever reason: a rebuild makes them right.
        await telemetry.rows("update telemetry.rollups set executions = executions + 1")
        await telemetry.rows("delete from telemetry.actions where status = 'failed'")
        ran = await agentbus("rebuild", "telemetry", "--json", environment=own)
        assert ran.code == 0, ran.err
        assert f'"of": {await telemetry.ends()}, "done": true' in ran.out
        await telemetry.all_counted()
        assert await _everything(telemetry) == before
        await assert_exact(telemetry, plans)
        states = await telemetry.rows("select distinct state, resolved_by from telemetry.errors")
        assert [dict(each) for each in states] == [{"state": "resolved", "resolved_by": "ann"}]


def _client(app: object) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")  # type: ignore[arg-type]


async def _counting(telemetry: TelemetryWorld, stack: AsyncExitStack) -> Counting[Message]:
    parts = await make_parts(telemetry.settings, Health(), stack)
    await parts.schema.made()
    return count_messages(parts, telemetry.reader)


async def _next_offset(telemetry: TelemetryWorld, partition: int) -> int:
    rows = await telemetry.rows(
        "select next_offset from telemetry.offsets where topic = $1 and partition = $2", MESSAGES, partition
    )
    return int(rows[0]["next_offset"]) if rows else 0


async def _everything(telemetry: TelemetryWorld) -> dict[str, list[dict[str, object]]]:
    queries = {
        "plans": "select * from telemetry.plans order by plan_id",
        "actions": "select * from telemetry.actions order by plan_id, action_id",
        # Hours and days may have been settled meanwhile; `assert_exact` compares all figures of each.
        "rollups": "select grain, starts_at, workspace_id, team_id, agent, agent_type, tool, model, "
        "sum(executions) from telemetry.rollups "
        "group by 1, 2, 3, 4, 5, 6, 7, 8 order by 1, 2, 3, 4, 5, 6, 7, 8",
        "events": "select * from telemetry.error_events order by plan_id, seq",
        "errors": "select workspace_id, fingerprint, count, first_seen_at, last_seen_at, message "
        "from telemetry.errors where count > 0 order by 1, 2",
    }
    return {name: await telemetry.rows(query) for name, query in queries.items()}
