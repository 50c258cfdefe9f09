import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentbus.mongo.client import Database
from agentbus.mongo.document import OVERFLOW
from agentbus.mongo.messages import AppendResult, MessageStore

pytestmark = pytest.mark.integration

AWKWARD_KEYS = st.sampled_from(["", "a.b", "$", "$set", "$k", "$$ROOT", "\0", "_id", OVERFLOW])
AWKWARD_TEXT = st.sampled_from(["\0", "a\0b", "\u2028", "\ufffe\uffff", "😀", "\\u0000", "$x", '"'])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([2**31, 2**53 + 1, 2**63 - 1, -(2**63), 2**64, -0.0, 5e-324, 1.7976931348623157e308])
    | AWKWARD_TEXT
    | st.text()
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(AWKWARD_KEYS | st.text(), inner, max_size=4),
    max_leaves=25,
)


def message(plan_id: str, seq: int, **fields: Any) -> dict[str, Any]:
    return {"message_id": f"{plan_id}/{seq}/1", "plan_id": plan_id, "seq": seq, "attempt": 1, **fields}


@pytest.fixture(scope="session")
async def store(database: Database) -> MessageStore:
    store = MessageStore(database)
    await store.ensure_indexes()
    await store.ensure_indexes()
    return store


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(payload=st.dictionaries(AWKWARD_KEYS | st.text(), JSON), extra=st.dictionaries(AWKWARD_KEYS, JSON))
async def test_whatever_is_json_is_read_back_equal(
    store: MessageStore, payload: dict[str, Any], extra: dict[str, Any]
) -> None:
    plan_id = str(uuid4())
    sent = {**message(plan_id, 1, payload=payload), **extra}
    assert await store.append([sent]) == AppendResult(inserted=1)
    (read,) = await store.read(plan_id)
    assert json.dumps(read, sort_keys=True) == json.dumps(sent, sort_keys=True)


@pytest.mark.parametrize(
    "payload",
    [
        {"matrix": [[[1], [2]], [[3]]]},
        {"numbers": [1] * 800_000},
        {"text": "x" * 2_000_000},
        {"text": "\0" * 300_000},
        {"lists": [[] for _ in range(500_000)]},
        {str(n): n for n in range(1_000)},
        {str(n): n for n in range(50_000)},
    ],
    ids=["nested", "numbers", "text", "nul", "lists", "wide", "wider"],
)
async def test_large_values_are_read_back_equal(store: MessageStore, payload: dict[str, Any]) -> None:
    plan_id = str(uuid4())
    sent = message(plan_id, 1, payload=payload)
    assert await store.append([sent, sent]) == AppendResult(inserted=1, duplicates=1)
    assert await store.read(plan_id) == [sent]


async def test_appending_again_changes_nothing(store: MessageStore) -> None:
    plan_id = str(uuid4())
    sent = [message(plan_id, seq) for seq in range(1, 2_501)]
    assert await store.append(sent) == AppendResult(inserted=2_500)
    assert await store.append(sent[1_000:]) == AppendResult(duplicates=1_500)
    assert await store.read(plan_id) == sent


async def test_a_second_message_with_the_same_seq_is_a_duplicate(store: MessageStore) -> None:
    plan_id = str(uuid4())
    first, second = message(plan_id, 1), message(plan_id, 1, message_id=f"{plan_id}/1/2", attempt=2)
    assert await store.append([first, second, message(plan_id, 2)]) == AppendResult(inserted=2, duplicates=1)
    assert await store.read(plan_id) == [first, message(plan_id, 2)]


async def test_several_writers_store_each_message_once(store: MessageStore) -> None:
    plan_id = str(uuid4())
    sent = [message(plan_id, seq) for seq in range(1, 401)]
    results = await asyncio.gather(*(store.append(sent) for _ in range(4)))
    assert sum(result.inserted for result in results) == 400
    assert sum(result.duplicates for result in results) == 1_200
    assert await store.read(plan_id) == sent


async def test_a_document_that_cannot_be_stored_does_not_hold_back_the_others(store: MessageStore) -> None:
    plan_id = str(uuid4())
    surrogate = message(plan_id, 2, content="\ud800")
    nul_key = message(plan_id, 4, message_id="\0")
    sent = [message(plan_id, 1), surrogate, message(plan_id, 3), nul_key]
    result = await store.append(sent)
    assert result.inserted == 2
    assert [(one.position, one.code) for one in result.refused] == [(1, "unstorable"), (3, "unstorable")]
    assert [one["seq"] for one in await store.read(plan_id)] == [1, 3]


async def test_reads_are_by_seq_after_a_seq_up_to_a_limit(store: MessageStore) -> None:
    plan_id = str(uuid4())
    await store.append([message(plan_id, seq) for seq in (3, 1, 5, 2, 4)])
    assert [one["seq"] for one in await store.read(plan_id)] == [1, 2, 3, 4, 5]
    assert [one["seq"] for one in await store.read(plan_id, after_seq=2)] == [3, 4, 5]
    assert [one["seq"] for one in await store.read(plan_id, after_seq=1, limit=2)] == [2, 3]
    assert await store.read(plan_id, after_seq=5) == []
    assert await store.read(str(uuid4())) == []
