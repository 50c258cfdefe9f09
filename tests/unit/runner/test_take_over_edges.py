"""Taking plans over and giving them up: no command lost, no lost plan taken back, many at once (A2.1)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from support.eventually import eventually
from support.memory_bus import MemoryBus, MemoryRecords, MemoryRunnerPorts
from support.memory_log import NoLiveText
from support.plan_in_memory import START, OneFunctionTeam

from agentbus.contracts.commands import AddMessage, CancelPlan, StartPlan
from agentbus.contracts.plan_record import PlanRecord
from agentbus.contracts.timestamps import parse_timestamp
from agentbus.kernel.clock import SystemClock
from agentbus.kernel.errors import Invalid, Transient
from agentbus.observability import tracing
from agentbus.observability.recording import RecordedSpan, Traces
from agentbus.runner.app import _created
from agentbus.runner.execution import Execution
from agentbus.runner.handlers import handle
from agentbus.runner.ownership import Ownership
from agentbus.runner.plan_log import PlanLog
from agentbus.runner.plan_run import PlanRun
from agentbus.runner.suspension import RunningTime
from agentbus.runner.team import PlanContext, Report

COMMON: Mapping[str, str] = {
    "workspace_id": "w",
    "user_id": "u",
    "issued_at": "2026-01-01T00:00:00.000000Z",
}


async def ask(plan: PlanContext) -> Report:
    return Report(await plan.ask("a", "?"), "")


class CountingPorts(MemoryRunnerPorts):
    """Counts what is read, and refuses the messages of plans that are called bad."""

    read_messages = 0

    async def read(self, *arguments: Any, **named: Any) -> AsyncIterator[dict[str, Any]]:
        async for message in super().read(*arguments, **named):
            self.read_messages += 1
            yield message

    async def publish(self, plan_id: str, message: Mapping[str, Any]) -> int:
        if plan_id.startswith("bad"):
            raise Invalid("too large")
        return await super().publish(plan_id, message)


class Runner:
    """A runner on a bus in memory, whose plans all ask a question."""

    def __init__(self, bus: MemoryBus) -> None:
        self.ports = CountingPorts(bus)
        self.records = MemoryRecords(bus)
        self.ownership = Ownership(
            messages=self.ports,
            records=self.records,
            outbox=self.ports,
            clock=SystemClock(),
            run=self._run,
            created=lambda command: _created({}, command),
        )

    def _run(self, log: PlanLog) -> PlanRun:
        time = RunningTime(asyncio.Semaphore(8), 60)
        execution = Execution(log, NoLiveText(), time, SystemClock(), action_limit_seconds=10)
        return PlanRun(execution, time, lambda: OneFunctionTeam(ask), self.ownership.ended)

    async def handle(self, command: Any) -> None:
        await handle(command, 0, parse_timestamp(COMMON["issued_at"]), ownership=self.ownership)


def start(plan_id: str, **fields: Any) -> StartPlan:
    return START.model_copy(update={"plan_id": plan_id, **fields})


def caller(plan_id: str) -> str:
    return f"00-{plan_id.encode().hex():0>32}-00000000000000aa-01"


def types(bus: MemoryBus, plan_id: str) -> list[str]:
    return [message["type"] for message in bus.log if message["plan_id"] == plan_id]


async def waiting(bus: MemoryBus, plan_id: str, asked: int = 1) -> None:
    async def question() -> None:
        assert types(bus, plan_id).count("user_clarification_request") == asked

    await eventually(question, within=5)


async def test_a_plan_given_up_as_its_partition_is_lost_is_not_taken_back() -> None:
    for steps in range(30):
        bus = MemoryBus(steps)
        runner = Runner(bus)
        await runner.ownership.gain(0)
        await runner.handle(start("p"))
        await waiting(bus, "p")
        runner.ownership.superseded("p", 2)
        for _ in range(steps):
            await asyncio.sleep(0)
        await runner.ownership.lose([0])
        length = len(bus.log)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(bus.log) == length, "it claims what is no longer its own"
        assert runner.ownership.run_of("p") is None
        await runner.ownership.close()


async def test_a_command_for_a_plan_that_changes_hands_is_tried_again() -> None:
    bus = MemoryBus(1)
    runner = Runner(bus)
    await runner.ownership.gain(0)
    await runner.handle(start("p"))
    await waiting(bus, "p")
    cancel = CancelPlan(command_id="x", plan_id="p", **COMMON)
    runner.ownership.superseded("p", 2)
    with pytest.raises(Transient):
        for _ in range(20):
            await runner.handle(cancel)
            await asyncio.sleep(0)

    async def canceled() -> None:
        try:
            await runner.handle(cancel)
        except Transient as error:
            raise AssertionError from error
        assert types(bus, "p")[-1] == "plan_canceled"

    await eventually(canceled, within=5)
    await runner.ownership.close()


async def test_a_plan_that_cannot_be_taken_over_keeps_no_other_back() -> None:
    bus = MemoryBus(1)
    for plan_id in ("bad", "good"):
        record = PlanRecord(
            start=start(plan_id), state="in_flight", messages_offset=0, updated_at=START.issued_at
        )
        bus.records.append(record)
    runner = Runner(bus)
    await runner.ownership.gain(0)
    await waiting(bus, "good")
    add = AddMessage(command_id="y", plan_id="bad", agent_name="a", agent_type="h", content="", **COMMON)
    await runner.handle(add)  # nothing waits for it for ever
    with pytest.raises(Invalid):
        await runner.handle(start("bad too"))
    await runner.ownership.close()


async def test_many_waiting_plans_are_taken_over_by_reading_the_log_about_once() -> None:
    bus = MemoryBus(1)
    one, two = Runner(bus), Runner(bus)
    await one.ownership.gain(0)
    for number in range(200):
        await one.handle(start(f"p{number}"))
    await waiting(bus, "p199")
    await one.ownership.close()
    length = len(bus.log)
    await two.ownership.gain(0)
    assert sum(message["type"] == "plan_resumed" for message in bus.log) == 200
    assert two.ports.read_messages <= length + 2 * 200
    await two.ownership.close()


async def test_a_plan_that_is_gone_on_with_stays_in_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    spans: list[RecordedSpan] = []
    monkeypatch.setattr(tracing._Installed, "traces", Traces(1.0, spans.append))
    bus = MemoryBus(1)
    for attempt in (1, 2):
        runner = Runner(bus)
        await runner.ownership.gain(0)
        if attempt == 1:
            for plan_id in ("p", "q"):
                with tracing.span("process", parent=caller(plan_id)):
                    await runner.handle(start(plan_id))
        for plan_id in ("p", "q"):
            await waiting(bus, plan_id)
        await runner.ownership.close()
    assert types(bus, "p").count("plan_resumed") == 1
    assert {message["trace_id"] for message in bus.log if message["plan_id"] == "p"} == {caller("p")[3:35]}
    (taken_on, _) = [span for span in spans if span.name == "process"]
    runs = [span for span in spans if span.attributes.get("gen_ai.conversation.id") == "p"]
    assert [span.name for span in runs] == ["invoke_agent"] * 2
    for run in runs:
        assert run.context.trace_id == int(caller("p")[3:35], 16)
        assert run.parent is not None
        assert run.parent.span_id == taken_on.context.span_id


async def test_inputs_of_any_size_are_cut_in_the_first_message() -> None:
    bus = MemoryBus(1)
    runner = Runner(bus)
    await runner.ownership.gain(0)
    await runner.handle(start("p", inputs={"text": "x" * 1_000_000}))
    await waiting(bus, "p")
    assert len(str(bus.log[0]["payload"]["inputs"])) < 300_000
    await runner.ownership.close()


async def test_a_record_that_cannot_be_closed_now_is_closed_later(monkeypatch: pytest.MonkeyPatch) -> None:
    bus = MemoryBus(1)
    runner = Runner(bus)
    await runner.ownership.gain(0)
    await runner.handle(start("p"))
    await waiting(bus, "p")
    write, fails = runner.records.write, iter([True, True, False])

    async def away(record: PlanRecord) -> None:
        if next(fails):
            raise Transient("away")
        await write(record)

    monkeypatch.setattr(runner.records, "write", away)
    await runner.handle(CancelPlan(command_id="x", plan_id="p", **COMMON))

    async def closed() -> None:
        assert bus.records[-1].state == "ended"

    await eventually(closed, within=5)
    await runner.ownership.close()
