import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from support.messages import message

from agentbus.bus.record import Record
from agentbus.kernel.errors import Invalid
from agentbus.persister.model import Incoming, catch_up, fold, read
from agentbus.plan.projection import PlanDocument
from agentbus.plan.sequence import Verdict

PLAN = "11111111-1111-4111-8111-111111111111"


def record(value: Any, key: str = PLAN) -> Record:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Record("agent.messages", 0, 7, key, raw, (), datetime.now(UTC))


def incoming(seq: int, **fields: Any) -> Incoming:
    return read(record(message(PLAN, seq, **fields)))


def plan_of(*items: Incoming) -> PlanDocument:
    plan = fold(None, items).plan
    assert plan is not None
    return plan


def test_a_message_is_kept_as_it_came() -> None:
    value = message(PLAN, 1) | {"from_a_newer_writer": {"a": [1]}}
    assert read(record(value)).message == value


@pytest.mark.parametrize(
    ("value", "code", "reason"),
    [
        (b"", "undecodable", "not JSON"),
        (b"\xff\xfe", "undecodable", "not JSON"),
        (b"[1]", "undecodable", "list"),
        (b'{"a":"\\ud800"}', "undecodable", "surrogate"),
        (b"[" * 100_000, "undecodable", "not JSON"),
        ({}, "invalid_message", "message_id: Field required"),
        (message(PLAN, 1) | {"seq": 0}, "invalid_message", "seq: "),
        (message(PLAN, 1) | {"seq": "1"}, "invalid_message", "seq: "),
        (message(PLAN, 1) | {"timestamp": "yesterday"}, "invalid_message", "timestamp: "),
        (message("another", 1), "wrong_key", PLAN),
    ],
)
def test_what_is_no_message_is_refused_with_its_reason(value: Any, code: str, reason: str) -> None:
    with pytest.raises(Invalid, match=reason) as raised:
        read(record(value))
    assert raised.value.code == code


def test_a_plan_is_folded_in_the_logs_order() -> None:
    folded = fold(None, [incoming(1, type="plan_created"), incoming(2, type="plan_completed")])
    assert folded.plan is not None
    assert (folded.plan["status"], folded.plan["last_seq"]) == ("completed", 2)
    assert folded.verdicts == Counter({Verdict.ACCEPTED: 2})


def test_folding_a_batch_again_changes_nothing() -> None:
    items = [incoming(seq) for seq in (1, 2, 3)]
    plan = plan_of(*items)
    again = fold(plan, items)
    assert again.plan is plan
    assert again.kept == items
    assert again.verdicts == Counter({Verdict.DUPLICATE: 3})


def test_a_stale_runners_messages_are_left_out() -> None:
    items = [incoming(1), incoming(2, attempt=2), incoming(2), incoming(3), incoming(3, attempt=2)]
    folded = fold(None, items)
    assert folded.kept == [items[0], items[1], items[4]]
    assert folded.verdicts[Verdict.STALE] == 2
    assert folded.plan is not None
    assert (folded.plan["last_seq"], folded.plan["attempt"]) == (3, 2)


def test_a_gap_is_stored_and_counted() -> None:
    folded = fold(None, [incoming(1), incoming(4)])
    assert len(folded.kept) == 2
    assert folded.verdicts == Counter({Verdict.ACCEPTED: 1, Verdict.GAP: 1})


def test_a_payload_that_does_not_fit_its_type_still_moves_the_plan_on() -> None:
    odd = incoming(2, type="plan_approval_request", payload={"steps": [{"id": 1}]})
    folded = fold(None, [incoming(1), odd, incoming(3)])
    assert folded.unread == [odd]
    assert len(folded.kept) == 3
    assert folded.plan is not None
    assert folded.plan["last_seq"] == 3


def test_a_plan_that_lags_behind_its_stored_messages_catches_up() -> None:
    items = [incoming(seq) for seq in (1, 2, 3, 4, 5)]
    stored = [item.message for item in items]
    assert catch_up(plan_of(*items[:2]), stored[2:], before_seq=5) == plan_of(*items[:4])
    assert catch_up(None, stored, before_seq=6) == plan_of(*items)
