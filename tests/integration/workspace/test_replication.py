"""Pull and push as RxDB's protocol has them: conflicts are found, recorded once and undone (B2.5); what
cannot be kept holds up nothing; pushing again succeeds."""

from typing import Any

import httpx
import pytest
from support.workspace_world import ROOT, Home, WorkspaceWorld

Json = dict[str, Any]


def row(new: Json, assumed: Json | None = None) -> Json:
    return {"newDocumentState": new} | ({} if assumed is None else {"assumedMasterState": assumed})


async def push(home: Home, *rows: Json, collection: str = "tasks") -> list[Json]:
    root, client = home
    answer = await client.post(f"{root}/sync/{collection}/push", json=rows)
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()
    return found


async def conflicts(home: Home, **query: Any) -> list[Json]:
    root, client = home
    found: list[Json] = (await client.get(f"{root}/conflicts", params=query)).json()
    return found


async def master(home: Home, document_id: str = "t1") -> Json:
    root, client = home
    found: Json = (await client.get(f"{root}/tasks/{document_id}")).json()
    return found


async def test_pull_goes_on_from_its_checkpoint_to_the_end(home: Home) -> None:
    root, client = home
    await push(home, *(row({"id": f"t{number}", "title": ""}) for number in range(5)))
    await client.delete(f"{root}/tasks/t1")
    found, seq = [], 0
    while True:
        query = {"seq": seq, "batch_size": 2}
        answer = (await client.get(f"{root}/sync/tasks/pull", params=query)).json()
        found += answer["documents"]
        seq = answer["checkpoint"]["seq"]
        if len(answer["documents"]) < 2:
            break
    assert [(each["id"], each["_deleted"]) for each in found] == [
        *((f"t{number}", False) for number in (0, 2, 3, 4)),
        ("t1", True),
    ]
    again = (await client.get(f"{root}/sync/tasks/pull", params={"seq": seq})).json()
    assert again == {"documents": [], "checkpoint": {"seq": seq}}


async def test_a_push_is_written_and_pushing_it_again_succeeds(home: Home) -> None:
    new = {"id": "t1", "title": "a", "updatedAt": "the client's", "_deleted": False}
    assert await push(home, row(new)) == []
    stored = await master(home)
    assert stored["updatedAt"] != "the client's"
    assert await push(home, row(new)) == []
    # The client assumes what it pushed until it has pulled: server's fields do not make a conflict.
    assert await push(home, row(new | {"title": "b"}, new)) == []
    assert (await master(home))["title"] == "b"
    assert await push(home, row({**stored, "title": "b", "_deleted": True}, stored | {"title": "b"})) == []
    root, client = home
    assert (await client.get(f"{root}/tasks/t1")).status_code == 404
    assert await conflicts(home) == []


async def test_a_change_of_other_fields_is_answered_and_is_no_conflict(home: Home) -> None:
    """The client merges, and pushes again."""
    base = {"id": "t1", "title": "a", "status": "PAUSED"}
    await push(home, row(base))
    await push(home, row(base | {"title": "b"}, base))
    (answered,) = await push(home, row(base | {"status": "DONE"}, base))
    assert (answered["title"], answered["status"]) == ("b", "PAUSED")
    assert await push(home, row(answered | {"status": "DONE"}, answered)) == []
    stored = await master(home)
    assert (stored["title"], stored["status"]) == ("b", "DONE")
    assert await conflicts(home) == []


async def test_a_conflict_is_recorded_once_and_undone(home: Home) -> None:
    root, client = home
    base = {"id": "t1", "title": "a", "status": "PAUSED"}
    await push(home, row(base))
    await push(home, row(base | {"title": "theirs"}, base))
    mine = base | {"title": "mine", "status": "DONE"}
    for _ in range(2):
        (answered,) = await push(home, row(mine, base))
    (found,) = await conflicts(home)
    assert (found["kind"], found["fields"], found["number"]) == ("conflict", ["title"], 1)
    assert (found["client"], found["server"]) == (mine, answered)
    assert (found["recorded_by"], found["server_changed_by"], found["server_seq"]) == ("ann", "ann", 2)
    assert await push(home, row(answered | {"title": "mine", "status": "DONE"}, answered)) == []

    undone = await client.post(f"{root}/conflicts/1/undo")
    assert undone.status_code == 200, undone.text
    assert undone.json()["undone"]["seq"] == 4
    stored = await master(home)
    assert (stored["title"], stored["status"]) == ("theirs", "DONE")
    assert (await client.get(f"{root}/history")).json()[0]["origin"] == "undo"
    assert (await client.post(f"{root}/conflicts/1/undo")).json()["code"] == "nothing_to_undo"
    assert await conflicts(home, open=True) == []


async def test_what_was_changed_again_since_is_not_undone(home: Home) -> None:
    root, client = home
    base = {"id": "t1", "title": "a"}
    await push(home, row(base))
    await push(home, row(base | {"title": "theirs"}, base))
    await push(home, row(base | {"title": "mine"}, base))
    await client.patch(f"{root}/tasks/t1", json={"title": "newer than both"})
    assert (await client.post(f"{root}/conflicts/1/undo")).status_code == 409
    assert (await master(home))["title"] == "newer than both"


async def test_two_new_documents_of_one_id_are_a_conflict(home: Home) -> None:
    await push(home, row({"id": "t1", "title": "a", "mode": "ask"}))
    (answered,) = await push(home, row({"id": "t1", "title": "b", "mode": "ask"}))
    assert answered["title"] == "a"
    (found,) = await conflicts(home)
    assert found["fields"] == ["title"]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"status": "LOST"}, "invalid_document"),
        ({"messages": "none"}, "invalid_document"),
        ({"githubToken": "ghp_secret"}, "secret_in_document"),
    ],
    ids=str,
)
async def test_what_cannot_be_kept_is_recorded_and_holds_up_nothing(
    home: Home, workspaces: WorkspaceWorld, bad: Json, code: str
) -> None:
    root, client = home
    await push(home, row({"id": "t1", "title": "a"}))
    rows = [row({"id": "t1", "title": "b"} | bad), row({"id": "t2"} | bad), row({"id": "t3", "title": "c"})]
    answer = await client.post(f"{root}/sync/tasks/push", json=rows)
    stored = await master(home)
    assert answer.json() == [stored, {"id": "t2", "_deleted": True}]
    assert answer.headers["sync-rejected"] == f'{{"t1": "{code}", "t2": "{code}"}}'
    assert (await master(home, "t3"))["title"] == "c"
    found = await conflicts(home)
    assert [(each["kind"], each["id"]) for each in found] == [("rejected", "t2"), ("rejected", "t1")]
    held = await workspaces.rows("select client::text from workspace.conflicts")
    assert "ghp_" not in str(held)


async def test_a_reader_pulls_and_pushes_nothing(
    home: Home, workspaces: WorkspaceWorld, workspace_service: httpx.ASGITransport
) -> None:
    root, _ = home
    name = root.removeprefix(f"{ROOT}/")
    async with workspaces.client(workspace_service, workspace=name, role="viewer") as viewer:
        assert (await viewer.get(f"{root}/sync/tasks/pull")).status_code == 200
        answer = await viewer.post(f"{root}/sync/tasks/push", json=[row({"id": "t1"})])
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_document_of_any_json_comes_back_equal_and_is_the_same_to_a_client(home: Home) -> None:
    """Also NUL, which `jsonb` could not hold, and numbers that JavaScript rounds."""
    odd = {"nul": "a\x00b", "deep": [[{"": None}]], "large": 2**60 + 1, "float": 1.0, "minus": -0.0}
    new = {"id": "t1", "title": "odd", "odd": odd}
    assert await push(home, row(new)) == []
    assert (await master(home))["odd"] == odd
    as_in_javascript = odd | {"large": 2**60, "float": 1}
    known = new | {"odd": as_in_javascript}
    assert await push(home, row(known | {"title": "changed"}, known)) == []
    assert await conflicts(home) == []
