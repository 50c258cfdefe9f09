"""An import is taken back, by its user or by a failure in the middle, and leaves nothing behind (E4)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from support.eventually import eventually
from support.importing import Importing, outcomes, tasks
from support.workspace_world import ROOT, WorkspaceWorld
from support.zustand_dump import recorded

from agentbus.chassis.auth import Role

TASK: dict[str, Any] = {"id": "t1", "title": "Mend it", "status": "MERGED", "updatedAt": 1746057600000}
OTHER: dict[str, Any] = {"id": "t2", "title": "Paint it", "status": "DONE", "updatedAt": 1746057600001}


@pytest.fixture
def workspace() -> str:
    return f"w-{uuid4()}"


@pytest.fixture
async def ann(
    workspaces: WorkspaceWorld, workspace_service: httpx.ASGITransport, workspace: str
) -> AsyncIterator[Importing]:
    async with workspaces.client(workspace_service, workspace=workspace) as http:
        yield Importing(f"{ROOT}/{workspace}", http)


@pytest.fixture
async def bob(
    workspaces: WorkspaceWorld, workspace_service: httpx.ASGITransport, workspace: str
) -> AsyncIterator[Importing]:
    async with workspaces.client(workspace_service, workspace=workspace, user="bob") as http:
        yield Importing(f"{ROOT}/{workspace}", http)


async def test_undo_takes_all_back_tells_everyone_and_gives_it_to_the_client(ann: Importing) -> None:
    dump = recorded()
    told = await ann.send(dump.sent)
    before = await ann.stored()
    await ann.confirm(told, dump)
    undone = (await ann.act(told, "undo")).json()
    assert (undone["report"]["state"], undone["report"]["counts"]["imported"]) == ("undone", 15)
    assert (await ann.stored(), await ann.stored("environments")) == ([], [])
    history = (await ann.http.get(f"{ann.root}/history", params={"limit": 15})).json()
    assert {(each["action"], each["origin"], each["changed_by"]) for each in history} == {
        ("deleted", "undo", "ann")
    }
    stripped = [{name: each[name] for name in each if name != "_deleted"} for each in before]
    assert sorted(undone["tasks"], key=str) == sorted(stripped, key=str)
    assert len(undone["environments"]) == 2
    late = await ann.confirm(told, dump)
    assert (late.status_code, late.json()["code"]) == (409, "import_undone")


async def test_what_was_undone_can_be_imported_again(ann: Importing) -> None:
    dump = recorded()
    first = await ann.send(dump.sent)
    await ann.act(first, "undo")
    again = await ann.send(dump.sent)
    assert set(outcomes(again)) == {"imported"}
    assert (await ann.confirm(again, dump)).status_code == 200
    assert len(await ann.stored()) == 13
    await ann.act(first, "undo")
    assert len(await ann.stored()) == 13


async def test_undo_leaves_what_was_changed_since(ann: Importing, bob: Importing) -> None:
    told = await ann.send(tasks(TASK, OTHER))
    await bob.http.patch(f"{bob.root}/tasks/t1", json={"title": "Mend it well"})
    undone = (await ann.act(told, "undo")).json()
    assert [task["title"] for task in await ann.stored()] == ["Mend it well"]
    assert [item["notes"] for item in undone["report"]["items"]] == [["kept_at_undo"], []]
    assert [task["title"] for task in undone["tasks"]] == ["Mend it", "Paint it"]


async def test_undo_again_changes_nothing(ann: Importing) -> None:
    told = await ann.send(tasks(TASK))
    first = await ann.act(told, "undo")
    seq = await ann.seq()
    again = await ann.act(told, "undo")
    assert (again.json(), await ann.seq()) == (first.json(), seq)


async def test_undo_leaves_what_another_users_import_counts_on(ann: Importing, bob: Importing) -> None:
    theirs = await ann.send(tasks(TASK, OTHER))
    ours = await bob.send(tasks(TASK))
    assert outcomes(ours) == ["unchanged"]
    await ann.act(theirs, "undo")
    assert [task["id"] for task in await bob.stored()] == ["t1"]
    assert (await bob.confirm(ours)).status_code == 200


async def test_the_answer_was_lost_and_the_second_import_is_undone(ann: Importing) -> None:
    await ann.send(tasks(TASK))
    second = await ann.send(tasks(TASK))
    await ann.act(second, "undo")
    assert await ann.stored() == []
    assert outcomes(await ann.send(tasks(TASK))) == ["imported"]


async def test_undo_leaves_what_an_earlier_import_brought_that_was_confirmed(ann: Importing) -> None:
    first = await ann.send(tasks(TASK))
    await ann.confirm(first)
    second = await ann.send(tasks(TASK, OTHER))
    await ann.confirm(second)
    undone = (await ann.act(second, "undo")).json()
    assert [task["id"] for task in await ann.stored()] == ["t1"]
    assert sorted(task["id"] for task in undone["tasks"]) == ["t1", "t2"]
    await ann.act(first, "undo")
    assert await ann.stored() == []


async def test_undo_before_the_confirmation_leaves_what_another_tab_had_confirmed(ann: Importing) -> None:
    first = await ann.send(tasks(TASK))
    of_another_tab = await ann.send(tasks(TASK))
    assert (await ann.confirm(of_another_tab)).status_code == 200
    undone = (await ann.act(first, "undo")).json()
    assert [task["id"] for task in await ann.stored()] == ["t1"]
    assert [item["notes"] for item in undone["report"]["items"]] == [["kept_at_undo"]]
    await ann.act(of_another_tab, "undo")
    assert await ann.stored() == []


async def test_a_connection_that_dies_in_the_middle_leaves_nothing_behind(
    ann: Importing, workspaces: WorkspaceWorld, workspace: str
) -> None:
    dump = recorded()
    blocker = await asyncpg.connect(workspaces.settings.postgres_url)
    try:
        async with blocker.transaction():
            await blocker.execute("lock table workspace.outbox in exclusive mode")
            sending = asyncio.create_task(ann.post(dump.sent))

            holder = await blocker.fetchval("select pg_backend_pid()")

            async def cut_off() -> None:
                assert await workspaces.rows(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where $1 = any(pg_blocking_pids(pid)) and query like '%insert into%outbox%'",
                    holder,
                )

            await eventually(cut_off, within=30)
            answer = await sending
    finally:
        await blocker.close()
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    for table in ("documents", "audit", "imports", "import_items"):
        found = await workspaces.rows(f"select 1 from workspace.{table} where workspace_id = $1", workspace)
        assert found == [], table
    assert (await ann.send(dump.sent))["counts"]["imported"] == 15
    assert await ann.seq() == 15


async def test_who_may_not_write_may_not_import(
    workspaces: WorkspaceWorld, workspace_service: httpx.ASGITransport, ann: Importing, workspace: str
) -> None:
    told = await ann.send(tasks(TASK))
    async with workspaces.client(workspace_service, workspace=workspace, role=Role.VIEWER) as http:
        eve = Importing(ann.root, http)
        assert (await eve.post(tasks(OTHER))).status_code == 403
        assert (await eve.confirm(told)).status_code == 403
        assert (await eve.act(told, "undo")).status_code == 403
        assert (await http.get(f"{ann.root}/imports/{told['import_id']}")).status_code == 200


async def test_an_import_that_is_not_there(ann: Importing) -> None:
    for act, body in (("confirm", {"count": 0, "content_hash": "0" * 64}), ("undo", None)):
        answer = await ann.act({"import_id": "none"}, act, body)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_import")
