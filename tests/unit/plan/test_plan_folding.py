"""However a log is cut into batches, the same messages are stored and the same plan is told."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.messages import message

from agentbus.bus.record import Record
from agentbus.persister.model import Incoming, fold
from agentbus.plan.folding import PlanFold
from agentbus.plan.projection import PlanDocument
from agentbus.plan.sequence import Verdict

log = st.lists(st.tuples(st.integers(1, 8), st.integers(1, 3)), max_size=20)
Stored = dict[int, dict[str, Any]]


def at_once(messages: list[dict[str, Any]]) -> tuple[Stored, PlanDocument | None]:
    """As `agentbus verify` walks a log."""
    walk, stored = PlanFold(), Stored()
    for each in messages:
        if walk.take(each).kept:
            stored.setdefault(each["seq"], each)
    return stored, walk.plan


@given(log=log, cuts=st.lists(st.integers(0, 20), max_size=4))
def test_batches_make_no_difference(log: list[tuple[int, int]], cuts: list[int]) -> None:
    messages = [message("p", seq, attempt=attempt, content=str(at)) for at, (seq, attempt) in enumerate(log)]
    plan: PlanDocument | None = None
    stored = Stored()
    borders = [0, *sorted(cuts), len(messages)]
    for start, stop in pairwise(borders):
        record: Any = Record
        folded = fold(plan, [Incoming(record, each) for each in messages[start:stop]])
        plan = folded.plan
        for item in folded.kept:
            stored.setdefault(item.message["seq"], item.message)
    assert (stored, plan) == at_once(messages)


def test_a_payload_that_does_not_fit_is_told_and_only_moves_the_plan_on() -> None:
    walk = PlanFold()
    walk.take(message("p", 1))
    taken = walk.take(message("p", 2, type="plan_approval_request", payload={"steps": [{}]}))
    assert taken == (Verdict.ACCEPTED, True, False)
    assert walk.sequence.last_seq == 2
