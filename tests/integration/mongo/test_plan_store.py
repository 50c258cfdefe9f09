from typing import Any
from uuid import uuid4

import pytest

from agentbus.mongo.client import Database
from agentbus.mongo.plans import PlanCursor, PlanStore

pytestmark = pytest.mark.integration


@pytest.fixture(scope="session")
async def store(database: Database) -> PlanStore:
    store = PlanStore(database)
    await store.ensure_indexes()
    return store


def plan(last_seq: int = 1, **fields: Any) -> dict[str, Any]:
    plan_id = fields.pop("plan_id", str(uuid4()))
    return {
        "_id": plan_id,
        "plan_id": plan_id,
        "workspace_id": "w",
        "session_id": "s",
        "status": "created",
        "created_at": "2026-01-01T00:00:00.000000Z",
        "last_seq": last_seq,
        **fields,
    }


async def test_a_plan_is_read_back_as_it_was_saved(store: PlanStore) -> None:
    saved = plan(team={"agents": [{"name": "a.b"}]}, m_plan={"steps": [["a", "b"], ["c"]]})
    assert await store.get(saved["plan_id"]) is None
    await store.save(saved)
    assert await store.get(saved["plan_id"]) == saved


async def test_a_plan_never_goes_back(store: PlanStore) -> None:
    old = plan(last_seq=10)
    new = {**old, "last_seq": 20, "status": "completed"}
    await store.save(old)
    await store.save(new)
    await store.save(old)
    await store.save({**new, "status": "failed"})
    assert await store.get(old["plan_id"]) == new


async def test_a_field_that_is_gone_is_gone(store: PlanStore) -> None:
    first = plan(m_plan={"awkward": [[1]]})
    await store.save(first)
    second = {**first, "last_seq": 2, "m_plan": None}
    await store.save(second)
    assert await store.get(first["plan_id"]) == second


async def test_pages_are_newest_first_and_complete(store: PlanStore) -> None:
    workspace = str(uuid4())
    moments = [f"2026-01-01T00:00:0{second}.000000Z" for second in (0, 1, 1, 1, 2)]
    saved = [
        plan(plan_id=f"{workspace}-{n}", workspace_id=workspace, created_at=moment)
        for n, moment in enumerate(moments)
    ]
    for one in saved:
        await store.save(one)
    seen: list[dict[str, Any]] = []
    before: PlanCursor | None = None
    while page := await store.page(workspace, limit=2, before=before):
        seen += page
        before = PlanCursor(page[-1]["created_at"], page[-1]["plan_id"])
    assert seen == saved[::-1]


async def test_pages_hold_only_what_was_asked_for(store: PlanStore) -> None:
    workspace = str(uuid4())
    mine = plan(workspace_id=workspace, session_id="one", status="completed")
    await store.save(mine)
    await store.save(plan(workspace_id=workspace, session_id="two"))
    assert await store.page(workspace, session_id="one") == [mine]
    assert await store.page(workspace, status="completed") == [mine]
    assert await store.page(workspace, session_id="two", status="completed") == []
    assert await store.page(str(uuid4())) == []
