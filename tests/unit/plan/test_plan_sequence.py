"""Every consumer of a plan's log comes to the same messages, whatever a cut-off runner still publishes."""

from hypothesis import given
from hypothesis import strategies as st

from agentbus.plan.sequence import PlanSequence, Verdict

Entry = tuple[int, int]
LOGS = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 4)), max_size=60)


def accepted(log: list[Entry], start: PlanSequence | None = None) -> list[Entry]:
    sequence = start or PlanSequence()
    return [(seq, attempt) for seq, attempt in log if sequence.accept(seq, attempt).accepted]


@given(LOGS)
def test_accepted_messages_have_each_seq_once_in_order(log: list[Entry]) -> None:
    seqs = [seq for seq, _ in accepted(log)]
    assert seqs == sorted(set(seqs))


@given(LOGS)
def test_attempts_never_go_back(log: list[Entry]) -> None:
    attempts = [attempt for _, attempt in accepted(log)]
    assert attempts == sorted(attempts)


@given(LOGS, st.data())
def test_redelivery_from_any_offset_changes_nothing(log: list[Entry], data: st.DataObject) -> None:
    stop = data.draw(st.integers(0, len(log)))
    again_from = data.draw(st.integers(0, stop))
    sequence = PlanSequence()
    first = accepted(log[:stop], sequence)
    assert first + accepted(log[again_from:], sequence) == accepted(log)


def test_a_stale_attempt_is_ignored_even_where_its_seq_is_new() -> None:
    sequence = PlanSequence()
    log = [(1, 1), (2, 1), (3, 2), (4, 1), (4, 2)]
    assert [sequence.accept(*entry) for entry in log] == [
        Verdict.ACCEPTED,
        Verdict.ACCEPTED,
        Verdict.ACCEPTED,
        Verdict.STALE,
        Verdict.ACCEPTED,
    ]


def test_a_take_over_that_lost_the_race_for_its_seq_is_a_duplicate() -> None:
    sequence = PlanSequence(last_seq=7, attempt=1)
    assert sequence.accept(8, 1) is Verdict.ACCEPTED
    assert sequence.accept(8, 2) is Verdict.DUPLICATE
    assert sequence.accept(9, 2) is Verdict.ACCEPTED


def test_a_gap_is_told_and_accepted() -> None:
    sequence = PlanSequence(last_seq=1, attempt=1)
    assert sequence.accept(5, 1) is Verdict.GAP
    assert sequence.last_seq == 5
