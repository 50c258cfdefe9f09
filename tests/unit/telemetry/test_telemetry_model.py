"""The figures follow the accepted log: whatever comes again, late or from a lost runner changes nothing."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from support.messages import message

from agentbus.contracts.message import Message
from agentbus.plan.sequence import Verdict
from agentbus.telemetry.instruments import PrometheusFigures
from agentbus.telemetry.labels import BoundedPairs
from agentbus.telemetry.model import RUNNING_ACTIONS_PER_PLAN, Ledger

TOOLS = ("ruff", "radon", "bandit")
Figures = dict[tuple[str, ...], float]


class World:
    """A ledger on a registry of its own."""

    def __init__(self, *, open_limit: int = 100, ended_limit: int = 100) -> None:
        self.registry = CollectorRegistry()
        self.figures = PrometheusFigures(self.registry)
        self.pairs = BoundedPairs(50)
        self.limits = {"open_limit": open_limit, "ended_limit": ended_limit}
        self.ledger = self.new_ledger()

    def new_ledger(self) -> Ledger:
        return Ledger(self.figures, self.pairs, **self.limits)

    def take(self, *messages: dict[str, Any], counted: bool = True) -> list[Verdict]:
        return [self.ledger.take(Message.model_validate(each), counted=counted) for each in messages]

    def value(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"agentbus_telemetry_{name}", labels) or 0.0

    def in_flight(self, tool: str = "ruff") -> float:
        return self.value("actions_in_flight", agent="analyst", tool=tool)

    def all(self) -> Figures:
        """All figures that are not 0, but for how often something was read."""
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for metric in self.registry.collect()
            for sample in metric.samples
            if sample.value and not sample.name.endswith("_created") and "judged" not in sample.name
        }


class Script:
    """Composes one plan's log, as its runners would."""

    def __init__(self, plan_id: str = "p") -> None:
        self.plan_id = plan_id
        self.log: list[dict[str, Any]] = []
        self.attempt = 1

    def add(self, kind: str, **fields: Any) -> "Script":
        seq = len(self.log) + 1
        self.log.append(message(self.plan_id, seq, type=kind, attempt=self.attempt, **fields))
        return self

    def start(self, action: str, tool: str = "ruff") -> "Script":
        return self.add("action_started", action_id=action, payload={"tool": tool, "arguments": {}})

    def end(
        self, action: str, tool: str = "ruff", *, failed: bool = False, seconds: object = 0.5
    ) -> "Script":
        kind = "action_failed" if failed else "action_completed"
        return self.add(kind, action_id=action, payload={"tool": tool, "duration_seconds": seconds})

    def take_over(self) -> "Script":
        self.attempt += 1
        return self.add("plan_resumed", payload={"reason": "runner lost"})


def test_an_action_is_in_flight_between_its_start_and_its_end() -> None:
    world, script = World(), Script().add("plan_created").start("a").start("b")
    world.take(*script.log)
    assert world.in_flight() == 2
    world.take(*script.end("a").end("b", failed=True).log[3:])
    labels = {"agent": "analyst", "tool": "ruff"}
    assert world.in_flight() == 0
    assert world.value("action_executions_total", **labels) == 2
    assert world.value("action_failures_total", **labels) == 1
    assert world.value("action_seconds_sum", **labels) == 1.0


def test_a_take_over_and_an_end_stop_what_was_in_flight() -> None:
    world, script = World(), Script().add("plan_created").start("a").start("b").take_over()
    world.take(*script.log)
    assert world.in_flight() == 0
    world.take(*script.start("a").log[4:])
    assert world.in_flight() == 1
    world.take(*script.add("plan_canceled").log[5:])
    assert world.in_flight() == 0


def test_a_lost_runner_changes_nothing() -> None:
    world, script = World(), Script().add("plan_created").start("a").take_over()
    world.take(*script.log)
    before = world.all()
    stale = message("p", 3, type="action_completed", attempt=1, action_id="a", payload={"tool": "ruff"})
    assert world.take(stale) == [Verdict.STALE]
    assert world.all() == before


def test_plans_are_counted_by_status() -> None:
    world = World()
    world.take(*Script("a").add("plan_created").add("plan_started").log)
    world.take(*Script("b").add("plan_created").add("plan_approval_request").log)
    assert world.value("plans_open", status="in_progress") == 1
    assert world.value("plans_open", status="pending_approval") == 1
    assert world.value("plans_open", status="created") == 0
    rejected = Script("b").add("plan_created").add("plan_approval_request")
    rejected.add("plan_approval_response", payload={"approved": False}).add("plan_rejected").add(
        "agent_message"
    )
    world.take(*rejected.log[2:])
    assert world.value("plans_open", status="pending_approval") == 0
    assert world.value("plan_status_total", status="rejected") == 1
    assert world.value("plans_open", status="rejected") == 0


@pytest.mark.parametrize("seconds", [None, "1", -1, float("nan"), float("inf"), {}, [1]])
def test_a_duration_that_is_none_is_not_observed(seconds: object) -> None:
    world = World()
    world.take(*Script().end("a", seconds=seconds).log)
    labels = {"agent": "analyst", "tool": "ruff"}
    assert world.value("action_executions_total", **labels) == 1
    assert world.value("action_seconds_count", **labels) == 0


def test_types_outside_the_contract_are_other() -> None:
    world, script = World(), Script()
    for number in range(50):
        script.add(f"invented_{number}")
    world.take(*script.log)
    assert world.value("messages_total", type="other") == 50


def test_many_plans_are_forgotten_and_leave_nothing_in_flight() -> None:
    world = World(open_limit=10, ended_limit=10)
    for number in range(100):
        world.take(*Script(f"open{number}").add("plan_created").start("a").log)
    for number in range(100):
        world.take(*Script(f"ended{number}").add("plan_created").start("a").add("plan_failed").log)
    assert world.in_flight() == world.value("plans_open", status="in_progress") == 9  # one made room
    assert world.value("plans_forgotten_total") == 91
    world.ledger.clear()
    assert world.in_flight() == 0
    assert world.value("plans_open", status="in_progress") == 0


def test_one_plan_with_endless_actions_is_bounded() -> None:
    world, script = World(), Script()
    for number in range(RUNNING_ACTIONS_PER_PLAN + 50):
        script.start(f"a{number}")
    world.take(*script.log)
    assert world.in_flight() == RUNNING_ACTIONS_PER_PLAN


def test_joining_in_the_middle_is_no_gap_but_a_hole_is() -> None:
    log = Script().add("plan_created").add("plan_started").start("a").end("a").log
    world = World()
    assert world.take(log[1], log[3]) == [Verdict.ACCEPTED, Verdict.GAP]


steps = st.lists(
    st.tuples(st.sampled_from(["start", "end", "fail", "say", "take_over"]), st.integers(0, 3)), max_size=30
)


def _script(plan_id: str, plan: list[tuple[str, int]], *, ended: bool) -> Script:
    script = Script(plan_id).add("plan_created").add("plan_started")
    for step, number in plan:
        tool = TOOLS[number % len(TOOLS)]
        match step:
            case "start":
                script.start(f"{plan_id}{number}", tool)
            case "end" | "fail":
                script.end(f"{plan_id}{number}", tool, failed=step == "fail")
            case "take_over":
                script.take_over()
            case _:
                script.add("agent_message")
    return script.add("plan_completed") if ended else script


def _expected_in_flight(scripts: Iterable[Script]) -> Counter[str]:
    """What runs, told directly from the logs: started after the last take-over, not ended since."""
    running: Counter[str] = Counter()
    for script in scripts:
        now: dict[str, str] = {}
        for each in script.log:
            if each["type"] in ("plan_resumed", "plan_completed"):
                now.clear()
            elif each["type"] == "action_started":
                now[each["action_id"]] = each["payload"]["tool"]
            elif each["type"] in ("action_completed", "action_failed"):
                now.pop(each["action_id"], None)
        running.update(now.values())
    return running


@given(data=st.data(), plans=st.lists(st.tuples(steps, st.booleans()), min_size=1, max_size=3))
def test_redelivery_duplicates_and_stale_messages_change_nothing(
    data: st.DataObject, plans: list[tuple[list[tuple[str, int]], bool]]
) -> None:
    scripts = [_script(f"p{number}", plan, ended=ended) for number, (plan, ended) in enumerate(plans)]
    clean = [each for script in scripts for each in script.log]
    expected = World()
    expected.take(*clean)

    noisy = World()
    for position, each in enumerate(clean):
        noisy.take(each)
        back_to = data.draw(st.integers(0, position + 5))
        noisy.take(*clean[min(back_to, position + 1) : position + 1])  # the broker delivers a stretch again
        if each["attempt"] > 1 and data.draw(st.booleans()):
            noisy.take({**each, "attempt": each["attempt"] - 1, "seq": each["seq"] + 1})  # the lost runner
    assert noisy.all() == expected.all()

    running = _expected_in_flight(scripts)
    assert {tool: noisy.in_flight(tool) for tool in TOOLS} == {tool: running[tool] for tool in TOOLS}
    ended = [each for each in clean if each["type"] in ("action_completed", "action_failed")]
    counted = sum(noisy.value("action_executions_total", agent="analyst", tool=tool) for tool in TOOLS)
    assert counted == len(ended)


@given(plan=steps, ended=st.booleans(), cut=st.integers(0, 40))
def test_a_restart_restores_what_is_in_flight(plan: list[tuple[str, int]], ended: bool, cut: int) -> None:
    log = _script("p", plan, ended=ended).log
    expected, restarted = World(), World()
    expected.take(*log)
    restarted.take(*log[:cut])
    restarted.ledger.clear()
    restarted.ledger = restarted.new_ledger()
    restarted.take(*log[:cut], counted=False)
    restarted.take(*log[cut:])
    assert restarted.all() == expected.all()
