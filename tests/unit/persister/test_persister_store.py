"""A batch whose messages are stored is not poison because its plan cannot be shown."""

import json
from datetime import UTC, datetime
from typing import Any

from support.messages import message

from agentbus.bus.batch import Batch
from agentbus.bus.record import Record
from agentbus.kernel.errors import Invalid
from agentbus.mongo.messages import AppendResult
from agentbus.persister.handlers import store
from agentbus.persister.known_plans import KnownPlans


class Messages:
    def __init__(self) -> None:
        self.stored: dict[int, dict[str, Any]] = {}

    async def ensure_indexes(self) -> None: ...

    async def append(self, documents: Any) -> AppendResult:
        new = [each for each in documents if each["seq"] not in self.stored]
        self.stored |= {each["seq"]: each for each in new}
        return AppendResult(len(new), len(documents) - len(new))

    async def read(self, plan_id: str, after_seq: int = 0) -> list[dict[str, Any]]:
        return [self.stored[seq] for seq in sorted(self.stored) if seq > after_seq]


class Plans:
    def __init__(self) -> None:
        self.saved: dict[str, Any] | None = None

    async def ensure_indexes(self) -> None: ...

    async def get(self, plan_id: str) -> dict[str, Any] | None:
        return self.saved

    async def save(self, plan: dict[str, Any]) -> None:
        if "\0" in plan["session_id"]:
            raise Invalid("the database cannot hold it", code="unstorable")
        self.saved = plan


def batch(*messages: dict[str, Any]) -> Batch:
    now = datetime.now(UTC)
    return Batch(
        "agent.messages",
        0,
        [
            Record("agent.messages", 0, offset, "p", json.dumps(each).encode(), (), now)
            for offset, each in enumerate(messages)
        ],
    )


async def test_a_plan_that_the_database_refuses_makes_no_poison_of_its_messages() -> None:
    messages = Messages()
    given = batch(message("p", 1, session_id="\0"), message("p", 2, session_id="\0"))
    stored = await store(given, messages=messages, plans=Plans(), known=KnownPlans(10))
    assert (sorted(messages.stored), stored.poison) == ([1, 2], [])
    assert [code for _, code in stored.unsaved] == ["unstorable"]


async def test_a_dead_letter_put_back_is_stored_though_its_plan_was_taken_over() -> None:
    messages, plans, known = Messages(), Plans(), KnownPlans(10)
    later = [message("p", seq, attempt=1 + (seq > 3)) for seq in (1, 3, 4, 5)]
    await store(batch(*later), messages=messages, plans=plans, known=known)
    put_back = batch(message("p", 2), message("p", 6))
    await store(put_back, messages=messages, plans=plans, known=known)
    assert sorted(messages.stored) == [1, 2, 3, 4, 5], "the 6 of the first attempt is a stale runner's"


async def test_a_plan_that_has_ended_is_not_kept_in_memory() -> None:
    known = KnownPlans(10)
    end = message("p", 2, type="plan_completed", payload={"status": "completed"})
    await store(batch(message("p", 1)), messages=Messages(), plans=Plans(), known=known)
    assert len(known) == 1
    await store(batch(end), messages=Messages(), plans=Plans(), known=known)
    assert len(known) == 0
