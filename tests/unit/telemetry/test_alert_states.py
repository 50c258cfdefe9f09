"""The states of alerts, one transition at a time and over any sequence of evaluations."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agentbus.contracts.alerts import Diagnosis, Expected, Transition
from agentbus.telemetry.alerts.model import Finding, Timing, Tracked, acknowledged, evaluate

START = datetime(2026, 1, 1, tzinfo=UTC)
SOURCES = ("executions", "metrics:a@1", "metrics:b@2")
DIAGNOSIS = Diagnosis(
    started_at="2026-01-01T00:00:00.000000Z",
    running_seconds=3.0,
    expected=Expected(basis="limit", seconds=1.0, set_for="tool ruff", p95_seconds=None, samples=None),
    attempt=1,
    trace_id="",
    parent_action_id=None,
    inner_actions=[],
    alike=1,
    argument_bytes={"paths": 2},
    last_messages=[],
    compared=[],
    probable_cause="It hangs.",
)
TIMINGS = (Timing(), Timing(for_seconds=3), Timing(clear_seconds=2), Timing(2, 2))


def finding(number: int, timing: Timing | None = None) -> Finding:
    return Finding(
        rule="ExecutionOverdue",
        severity="warning",
        source=SOURCES[number % len(SOURCES)],
        subject={"plan_id": f"p{number}"},
        summary="slow",
        recommendation="wait",
        workspace_id="w",
        timing=timing or TIMINGS[number % len(TIMINGS)],
    )


@dataclass
class Table:
    """Keeps alerts as the store does: open ones, and everything that was told."""

    open: dict[str, Tracked] = field(default_factory=dict)
    told: list[tuple[str, str, Transition]] = field(default_factory=list)
    now: datetime = START

    def evaluate(self, *findings: Finding, unknown: frozenset[str] = frozenset()) -> None:
        changes = evaluate(self.open.values(), findings, unknown, self.now)
        for tracked, transition in changes.written:
            alert = tracked.alert
            assert transition is None or (transition == alert.state)
            self.open[alert.alert_id] = tracked
            if transition is not None:
                self.told.append((alert.fingerprint, alert.alert_id, transition))
            if alert.state == "resolved":
                del self.open[alert.alert_id]
        for tracked in changes.forgotten:
            assert self.open.pop(tracked.alert.alert_id).alert.state == "pending"

    def acknowledge(self) -> None:
        for alert_id, tracked in list(self.open.items()):
            if tracked.alert.state == "firing":
                self.open[alert_id] = replace(tracked, alert=acknowledged(tracked.alert, "ann", self.now))
                self.told.append((tracked.alert.fingerprint, alert_id, "acknowledged"))

    @property
    def states(self) -> list[str]:
        return sorted(tracked.alert.state for tracked in self.open.values())

    @property
    def transitions(self) -> list[str]:
        return [transition for _, _, transition in self.told]

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def test_what_is_told_at_once_fires_once_and_is_resolved_once() -> None:
    table, hung = Table(), finding(0, Timing())
    for _ in range(3):
        table.evaluate(hung)
    table.evaluate()
    table.evaluate()
    assert table.transitions == ["firing", "resolved"]
    table.evaluate(hung)
    assert table.transitions == ["firing", "resolved", "firing"]
    assert len({alert_id for _, alert_id, _ in table.told}) == 2


def test_what_has_to_hold_is_pending_first_and_forgotten_when_it_did_not() -> None:
    table, lag = Table(), finding(0, Timing(for_seconds=10))
    table.evaluate(lag)
    assert table.states == ["pending"]
    table.evaluate()
    assert (table.states, table.told) == ([], [])
    table.evaluate(lag)
    table.later(9)
    table.evaluate(lag)
    assert table.states == ["pending"]
    table.later(1)
    table.evaluate(lag)
    assert (table.states, table.transitions) == (["firing"], ["firing"])


def test_what_comes_and_goes_is_one_alert_until_it_stayed_away() -> None:
    table, lag = Table(), finding(0, Timing(clear_seconds=10))
    table.evaluate(lag)
    for _ in range(5):
        table.later(6)
        table.evaluate()
        table.later(1)
        table.evaluate(lag)
    assert table.transitions == ["firing"]
    table.evaluate()
    table.later(10)
    table.evaluate()
    assert table.transitions == ["firing", "resolved"]


def test_what_cannot_be_seen_stays_as_it_is() -> None:
    table = Table()
    table.evaluate(finding(1, Timing()))
    table.evaluate(unknown=frozenset({SOURCES[1]}))
    table.evaluate(unknown=frozenset({"metrics"}))
    assert table.states == ["firing"]
    table.evaluate(unknown=frozenset({SOURCES[2], "executions"}))
    assert table.transitions == ["firing", "resolved"]


def test_what_was_not_known_at_first_is_added_and_not_told_again() -> None:
    table = Table()
    table.evaluate(finding(0, Timing()))
    table.evaluate(replace(finding(0, Timing()), diagnosis=DIAGNOSIS))
    table.evaluate(finding(0, Timing()))
    (tracked,) = table.open.values()
    assert tracked.alert.diagnosis == DIAGNOSIS
    assert [transition for _, _, transition in table.told] == ["firing"]


def test_of_findings_with_one_fingerprint_the_first_counts() -> None:
    table = Table()
    table.evaluate(finding(0, Timing()), replace(finding(0, Timing()), summary="other"))
    assert [tracked.alert.summary for tracked in table.open.values()] == ["slow"]


steps = st.lists(
    st.tuples(
        st.frozensets(st.integers(0, 11), max_size=6),
        st.frozensets(st.sampled_from((*SOURCES, "metrics")), max_size=2),
        st.sampled_from((0, 1, 2, 5)),
        st.booleans(),
    ),
    max_size=25,
)


@given(steps)
def test_any_sequence_has_one_open_alert_of_a_fingerprint_and_tells_each_change_once(
    sequence: list[tuple[frozenset[int], frozenset[str], int, bool]],
) -> None:
    table = Table()
    for numbers, unknown, seconds, looked_after in sequence:
        table.later(seconds)
        table.evaluate(*(finding(number) for number in numbers), unknown=unknown)
        fingerprints = [tracked.alert.fingerprint for tracked in table.open.values()]
        assert len(fingerprints) == len(set(fingerprints))
        if looked_after:
            table.acknowledge()
        before = (table.states, len(table.told))
        table.evaluate(*(finding(number) for number in numbers), unknown=unknown)
        assert (table.states, len(table.told)) == before, "evaluated again, as after a restart"
    assert len(table.told) == len(set(table.told)), "each change of an alert is told once"
    for alert_id in {alert_id for _, alert_id, _ in table.told}:
        order = [transition for _, told_of, transition in table.told if told_of == alert_id]
        assert order[0] == "firing"
        assert order == [each for each in ("firing", "acknowledged", "resolved") if each in order]
        assert alert_id in table.open or order[-1] == "resolved"


@given(steps)
def test_once_nothing_is_wrong_for_long_enough_nothing_is_open(
    sequence: list[tuple[frozenset[int], frozenset[str], int, bool]],
) -> None:
    table = Table()
    for numbers, unknown, seconds, _ in sequence:
        table.later(seconds)
        table.evaluate(*(finding(number) for number in numbers), unknown=unknown)
    for _ in range(2):
        table.evaluate()
        table.later(10)
    table.evaluate()
    assert table.open == {}
