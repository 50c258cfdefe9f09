"""What a runner remembers of plans is bounded by the plans in flight; what ended long ago is on the log."""

from datetime import UTC, datetime

from support.eventually import eventually
from support.memory_bus import MemoryBus
from support.runner_in_memory import Runner, accepted, start

from agentbus.contracts.commands import AddMessage
from agentbus.contracts.plan_record import PlanRecord
from agentbus.runner.handlers import handle
from agentbus.runner.known_plans import KnownPlans

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
REMEMBERED = 3


def record(plan_id: str, *, ended: bool) -> PlanRecord:
    return PlanRecord(
        start=start(plan_id),
        state="ended" if ended else "in_flight",
        messages_offset=0,
        updated_at="2026-01-01T00:00:00.000000Z",
    )


def test_all_in_flight_and_the_newest_that_ended() -> None:
    known = KnownPlans(REMEMBERED)
    for number in range(100):
        known.put(record(f"flying{number}", ended=False), 0)
        known.put(record(f"ended{number}", ended=True), number % 2)
    assert len(known) == 100 + REMEMBERED
    assert known.get(0, "ended96") is None
    assert [known.get(number % 2, f"ended{number}") is not None for number in (97, 98, 99)] == [True] * 3
    assert known.partition_of("flying5") == 0
    known.put(record("flying5", ended=True), 0)
    assert len(known.in_flight(0)) == 99
    assert len(known.lose([0, 1])) == 99 + REMEMBERED
    assert len(known) == 0


async def test_a_forgotten_plan_is_found_on_the_log() -> None:
    bus = MemoryBus(1)
    runner = Runner(bus, remembered_plans=REMEMBERED)
    await runner.ownership.gain(0)
    for number in range(REMEMBERED + 5):
        await handle(start(f"p{number}"), 0, MOMENT, ownership=runner.ownership)

    async def all_ended() -> None:
        assert sum(each.state == "ended" for each in bus.records) == REMEMBERED + 5

    await eventually(all_ended, within=10)
    assert runner.ownership.record_of(0, "p0") is None
    before = accepted(bus, "p0")
    await handle(start("p0"), 0, MOMENT, ownership=runner.ownership)

    async def closed_again() -> None:
        assert runner.ownership.run_of("p0") is None

    await eventually(closed_again, within=10)
    assert accepted(bus, "p0") == before, "delivered again, it is not done again"
    for number in range(REMEMBERED):
        await handle(start(f"q{number}"), 0, MOMENT, ownership=runner.ownership)

    async def forgotten() -> None:
        assert runner.ownership.record_of(0, "p0") is None

    await eventually(forgotten, within=10)
    said = AddMessage(
        command_id="late",
        plan_id="p0",
        workspace_id="w",
        user_id="u",
        issued_at="2026-01-01T00:00:00.000000Z",
        agent_name="client",
        agent_type="external",
        content="One more thing",
    )
    await handle(said, 0, MOMENT, ownership=runner.ownership)
    assert [message["content"] for message in accepted(bus, "p0")[len(before) :]] == ["One more thing"]
    await runner.close()
