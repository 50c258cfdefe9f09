"""localStorage is imported over HTTP into the real database: whole or not at all, confirmed by what was read
back, undone on demand, and the same data twice changes nothing (E1, E2, E4, E5)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from support.importing import Importing, outcomes, tasks
from support.workspace_world import ROOT, WorkspaceWorld
from support.zustand_dump import recorded

TASK: dict[str, Any] = {"id": "t1", "title": "Mend it", "status": "MERGED", "updatedAt": 1746057600000}
UNTOUCHED = {"imported": 0, "unchanged": 0, "conflict": 0, "failed": 0}


@pytest.fixture
async def client(
    workspaces: WorkspaceWorld, workspace_service: httpx.ASGITransport
) -> AsyncIterator[Importing]:
    """Ann, who starts the new client in a new workspace."""
    name = f"w-{uuid4()}"
    async with workspaces.client(workspace_service, workspace=name) as http:
        yield Importing(f"{ROOT}/{name}", http)


async def test_all_that_zustand_wrote_is_imported_confirmed_and_restored(client: Importing) -> None:
    dump = recorded()
    told = await client.send(dump.sent)
    assert (told["state"], told["counts"]) == ("applied", UNTOUCHED | {"imported": 15})
    assert (told["count"], told["content_hash"]) == (dump.count, dump.content_hash)
    assert (await client.confirm(told, dump)).json()["state"] == "confirmed"

    old = json.loads(dump.sent["task-store"])["state"]["tasks"]
    new = {task["id"]: task for task in await client.stored()}
    assert new.keys() == {task["id"] for task in old}
    for task in old[1:]:  # the first has what no database holds
        assert {**task, "_deleted": False} == new[task["id"]]
    assert "ghp_" in dump.values["environments"]
    assert "githubToken" not in json.dumps(await client.stored("environments"))


async def test_lists_keep_the_old_order_the_last_changed_first(client: Importing) -> None:
    days = {"b": 2, "a": 1, "c": 3}
    await client.send(tasks(*({"id": name, "updatedAt": f"2025-05-0{day}"} for name, day in days.items())))
    assert [task["id"] for task in await client.stored()] == ["c", "b", "a"]


async def test_the_same_data_twice_changes_nothing(client: Importing) -> None:
    dump = recorded()
    await client.send(dump.sent)
    seq = await client.seq()
    again = await client.send(dump.sent)
    assert (again["counts"], await client.seq()) == (UNTOUCHED | {"unchanged": 15}, seq)
    assert (await client.confirm(again, dump)).status_code == 200


async def test_two_tabs_at_once_import_once_and_are_both_confirmed(client: Importing) -> None:
    dump = recorded()
    both = await asyncio.gather(client.send(dump.sent), client.send(dump.sent))
    assert sorted(told["counts"]["imported"] for told in both) == [0, 15]
    assert await client.seq() == 15
    confirmed = await asyncio.gather(*(client.confirm(told, dump) for told in both))
    assert [answer.json()["state"] for answer in confirmed] == ["confirmed", "confirmed"]


async def test_a_dry_run_tells_what_would_be_done_and_does_nothing(client: Importing) -> None:
    dump = recorded()
    told = await client.send(dump.sent, dry_run=True)
    assert (told["state"], told["import_id"]) == ("dry_run", None)
    assert told["counts"] == UNTOUCHED | {"imported": 15}
    assert await client.seq() == 0
    applied = await client.send(dump.sent)
    assert [applied[name] for name in ("items", "sources", "count", "content_hash")] == [
        told[name] for name in ("items", "sources", "count", "content_hash")
    ]


@pytest.mark.parametrize(
    "values",
    [
        {"task-store": '{"state":{"tasks":[{"id":"t1"'},
        tasks(TASK, TASK | {"id": "t2", "status": "FINISHED"}),
        {**tasks(TASK), "environments": '{"environments":7}'},
    ],
    ids=["broken JSON", "unknown status", "no list"],
)
async def test_what_is_not_sound_is_refused_as_a_whole(client: Importing, values: dict[str, Any]) -> None:
    told = await client.send(values)
    assert (told["state"], told["import_id"], await client.seq()) == ("refused", None, 0)
    assert any(item["reason"] for item in told["items"]) or any(each["problem"] for each in told["sources"])


async def test_what_is_sound_can_be_imported_without_the_rest(client: Importing) -> None:
    told = await client.send(tasks(TASK, "nonsense", TASK | {"id": 7}), only_sound=True)
    assert (told["state"], outcomes(told)) == ("applied", ["imported", "failed", "failed"])
    assert (await client.confirm(told)).status_code == 200


async def test_nothing_of_the_workspace_is_overwritten_and_the_conflict_can_be_undone(
    client: Importing,
) -> None:
    await client.http.put(f"{client.root}/tasks/t1", json={"title": "here", "status": "DONE"})
    told = await client.send(tasks(TASK))
    assert outcomes(told) == ["conflict"]
    assert (await client.stored())[0]["title"] == "here"
    assert (await client.confirm(told)).json()["state"] == "confirmed"

    assert outcomes(await client.send(tasks(TASK))) == ["conflict"]
    (conflict,) = (await client.http.get(f"{client.root}/conflicts")).json()
    assert (conflict["fields"], conflict["client"]["title"]) == (["status", "title"], "Mend it")
    await client.http.post(f"{client.root}/conflicts/{conflict['number']}/undo")
    assert {name: (await client.stored())[0][name] for name in ("title", "status")} == {
        "title": "Mend it",
        "status": "MERGED",
    }


async def test_duplicate_ids_keep_every_version(client: Importing) -> None:
    newer = TASK | {"title": "newer", "updatedAt": "2026-01-01T00:00:00.000Z"}
    told = await client.send({**tasks(TASK, newer, newer), "tasks": json.dumps([TASK])})
    assert outcomes(told) == ["conflict", "imported", "unchanged", "conflict"]
    assert [task["title"] for task in await client.stored()] == ["newer"]
    (conflict,) = (await client.http.get(f"{client.root}/conflicts")).json()
    assert (conflict["client"]["title"], conflict["server"]["title"]) == ("Mend it", "newer")
    assert told["count"] == 2


async def test_a_task_that_went_on_after_its_import_is_left_alone(client: Importing) -> None:
    await client.send(tasks(TASK))
    await client.http.patch(f"{client.root}/tasks/t1", json={"status": "DONE"})
    again = await client.send(tasks(TASK))
    assert outcomes(again) == ["unchanged"]
    assert (await client.stored())[0]["status"] == "DONE"
    assert (await client.confirm(again)).status_code == 200


async def test_a_wrong_count_or_hash_confirms_nothing(client: Importing) -> None:
    told = await client.send(tasks(TASK))
    for count, digest in ((2, told["content_hash"]), (1, "0" * 64)):
        refused = await client.act(told, "confirm", {"count": count, "content_hash": digest})
        assert (refused.status_code, refused.json()["code"]) == (409, "content_differs")
    now = await client.http.get(f"{client.root}/imports/{told['import_id']}")
    assert now.json()["state"] == "applied"


async def test_what_the_database_does_not_hold_as_it_was_written_is_not_confirmed(
    client: Importing, workspaces: WorkspaceWorld
) -> None:
    told = await client.send(tasks(TASK))
    await workspaces.rows(
        "update workspace.documents set document = $2 where workspace_id = $1",
        client.root.rpartition("/")[2],
        json.dumps(TASK | {"title": "Mend"}),
    )
    assert (await client.confirm(told)).json()["code"] == "content_differs"


async def test_an_import_of_nothing_is_confirmed(client: Importing) -> None:
    told = await client.send(
        {"task-store": None, "environments": '{"state":{"environments":[]},"version":0}'}
    )
    assert (told["state"], told["count"]) == ("applied", 0)
    body = {"count": 0, "content_hash": told["content_hash"]}
    assert (await client.act(told, "confirm", body)).status_code == 200
