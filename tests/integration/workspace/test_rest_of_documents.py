"""A change over REST is stored with its number, its audit row and its outbox row, published, and pulled
(B1.1, B1.2); `If-Match` keeps two from overwriting each other."""

import asyncio
from typing import Any

import pytest
from support.eventually import eventually
from support.workspace_world import ROOT, Home, WorkspaceWorld


async def test_a_created_task_is_stored_audited_published_and_pulled(
    home: Home, workspaces: WorkspaceWorld
) -> None:
    root, client = home
    name = root.rpartition("/")[2]
    made = await client.post(f"{root}/tasks", json={"title": "Mend it 🛠", "mood": {"odd": [1.5, None]}})
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    task = made.json()
    assert task["mood"] == {"odd": [1.5, None]}
    assert (task["status"], task["isArchived"], task["_deleted"]) == ("IN_PROGRESS", False, False)

    pulled = (await client.get(f"{root}/sync/tasks/pull")).json()
    assert pulled == {"documents": [task], "checkpoint": {"seq": 1}}
    history = (await client.get(f"{root}/history")).json()
    assert [
        (each["seq"], each["action"], each["changed_by"], each["origin"], each["before"], each["after"])
        for each in history
    ] == [(1, "created", "ann", "rest", None, task)]
    assert history[0]["address"] == "127.0.0.1"

    async def published() -> dict[str, Any]:
        found = await workspaces.published(name)
        assert len(found) == 1
        return found[0]

    change = await eventually(published, within=30)
    assert (change["seq"], change["collection"], change["id"]) == (1, "tasks", task["id"])
    assert change["document"] == task

    async def sent() -> None:
        assert await workspaces.rows("select 1 from workspace.outbox where key = $1", name) == []

    await eventually(sent, within=30)


async def test_changes_have_numbers_without_gaps_whoever_makes_them_at_once(
    home: Home, workspaces: WorkspaceWorld
) -> None:
    root, client = home
    name = root.rpartition("/")[2]
    made = await asyncio.gather(
        *(
            client.post(f"{root}/{kind}", json={"title": str(n)})
            for n in range(20)
            for kind in ("tasks", "environments")
        )
    )
    assert {each.status_code for each in made} == {201}
    assert sorted(int(each.headers["etag"].strip('"')) for each in made) == list(range(1, 41))

    async def in_order() -> None:
        assert [each["seq"] for each in await workspaces.published(name)] == list(range(1, 41))

    await eventually(in_order, within=30)


async def test_if_match_keeps_two_from_overwriting_each_other(home: Home) -> None:
    root, client = home
    address = f"{root}/tasks/t1"
    assert (await client.put(address, json={"title": "a"})).status_code == 201
    first = await client.get(address)
    headers = {"If-Match": first.headers["etag"]}
    answers = await asyncio.gather(
        *(client.patch(address, json={"title": title}, headers=headers) for title in "bc")
    )
    assert sorted(each.status_code for each in answers) == [200, 412]
    lost = next(each for each in answers if each.status_code == 412)
    assert lost.json()["code"] == "changed_meanwhile"
    assert (await client.delete(address, headers=headers)).status_code == 412
    assert (await client.delete(address)).status_code == 204
    assert (await client.get(address)).status_code == 404
    assert (await client.put(address, json={"title": "d"}, headers={"If-Match": "*"})).status_code == 412


async def test_an_unchanged_document_is_not_sent_again(home: Home) -> None:
    root, client = home
    made = await client.put(f"{root}/environments/e1", json={"name": "Website"})
    again = await client.get(f"{root}/environments/e1", headers={"If-None-Match": made.headers["etag"]})
    assert again.status_code == 304
    same = await client.put(f"{root}/environments/e1", json={"name": "Website"})
    assert (same.status_code, same.headers["etag"]) == (200, made.headers["etag"])


async def test_creating_again_is_the_same_once(home: Home) -> None:
    root, client = home
    body = {"id": "t1", "title": "a"}
    answers = [await client.post(f"{root}/tasks", json=each) for each in (body, body, body | {"title": "b"})]
    assert [each.status_code for each in answers] == [201, 200, 409]


async def test_lists_are_filtered_and_paged_as_of_one_moment(home: Home) -> None:
    root, client = home
    for number in range(7):
        status = "DONE" if number % 2 else "PAUSED"
        body = {"title": f"Task {number}", "status": status, "isArchived": number == 3}
        await client.put(f"{root}/tasks/t{number}", json=body)

    async def titles(**query: Any) -> list[str]:
        return [each["title"] for each in (await client.get(f"{root}/tasks", params=query)).json()]

    assert await titles(status="DONE") == ["Task 5", "Task 3", "Task 1"]
    assert await titles(archived=True) == ["Task 3"]
    assert await titles(q="tASK 6") == ["Task 6"]
    page = await client.get(f"{root}/tasks", params={"limit": 4})
    assert page.headers["workspace-seq"] == "7"
    await client.patch(f"{root}/tasks/t0", json={"title": "moved to the front meanwhile"})
    await client.delete(f"{root}/tasks/t1")
    rest = await client.get(page.links["next"]["url"])
    found = [each["title"] for each in [*page.json(), *rest.json()]]
    assert found == [f"Task {number}" for number in reversed(range(7))]
    assert "next" not in rest.links


async def test_a_workspace_is_read_as_it_was(home: Home) -> None:
    root, client = home
    await client.put(f"{root}/tasks/t1", json={"title": "first"})
    await client.put(f"{root}/tasks/t2", json={"title": "second"})
    await client.patch(f"{root}/tasks/t1", json={"title": "changed"})
    await client.delete(f"{root}/tasks/t2")

    async def at(seq: int) -> list[str]:
        answer = await client.get(f"{root}/tasks", params={"at_seq": seq})
        return sorted(each["title"] for each in answer.json())

    assert [await at(seq) for seq in range(5)] == [
        [],
        ["first"],
        ["first", "second"],
        ["changed", "second"],
        ["changed"],
    ]
    past = await client.get(f"{root}/tasks/t1", params={"at_seq": 2})
    assert (past.json()["title"], past.headers["etag"]) == ("first", '"1"')
    assert (await client.get(f"{root}/tasks/t2", params={"at_seq": 4})).status_code == 404
    assert (await client.get(f"{root}/tasks", params={"at_seq": 5})).json()["code"] == "unknown_seq"


async def test_history_tells_before_and_after(home: Home) -> None:
    root, client = home
    await client.put(f"{root}/environments/e1", json={"name": "a"})
    await client.patch(f"{root}/environments/e1", json={"name": "b"})
    await client.delete(f"{root}/environments/e1")
    query: dict[str, str | int] = {"collection": "environments", "id": "e1", "limit": 2}
    page = await client.get(f"{root}/history", params=query)
    rest = await client.get(page.links["next"]["url"])
    entries = [*page.json(), *rest.json()]
    told = [(each["action"], (each["before"] or {}).get("name"), each["after"]["name"]) for each in entries]
    assert told == [("deleted", "b", "b"), ("updated", "a", "b"), ("created", None, "a")]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"title": 7}, "invalid"),
        ({"status": "LOST"}, "invalid"),
        ({"githubToken": "ghp_x"}, "secret_in_document"),
    ],
    ids=str,
)
async def test_what_is_no_document_is_refused(home: Home, body: dict[str, Any], code: str) -> None:
    root, client = home
    answer = await client.post(f"{root}/tasks", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await client.get(f"{root}/history")).json() == []


async def test_the_callers_workspaces_are_listed(home: Home) -> None:
    root, client = home
    name = root.rpartition("/")[2]
    expected = {"workspace_id": name, "role": "editor", "seq": 0}
    assert (await client.get(ROOT)).json() == [expected]
    await client.put(f"{root}/tasks/t1", json={"title": "a"})
    assert (await client.get(ROOT)).json() == [expected | {"seq": 1}]
