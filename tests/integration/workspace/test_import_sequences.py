"""Whatever two people do in whatever order: an import never overwrites, can be confirmed, leaves no gap."""

import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from support.importing import Importing, outcomes, tasks
from support.workspace_world import ROOT, WorkspaceWorld

STEPS = 30
TITLES = ("a", "b", "c")


@pytest.fixture
async def people(
    workspaces: WorkspaceWorld, workspace_service: httpx.ASGITransport
) -> AsyncIterator[list[Importing]]:
    """Ann and Bob, in a new workspace."""
    name = f"w-{uuid4()}"
    async with (
        workspaces.client(workspace_service, workspace=name) as ann,
        workspaces.client(workspace_service, workspace=name, user="bob") as bob,
    ):
        yield [Importing(f"{ROOT}/{name}", ann), Importing(f"{ROOT}/{name}", bob)]


def old_data(choice: random.Random) -> dict[str, str | None]:
    """Up to five of four tasks, each in one of three versions: duplicates, too."""
    return tasks(
        *(
            {
                "id": f"t{choice.randrange(4)}",
                "title": choice.choice(TITLES),
                "updatedAt": choice.randrange(9),
            }
            for _ in range(choice.randrange(6))
        )
    )


async def standing(person: Importing) -> dict[str, str]:
    return {task["id"]: task["title"] for task in await person.stored()}


@pytest.mark.parametrize("seed", range(4))
async def test_any_sequence(people: list[Importing], seed: int) -> None:
    choice = random.Random(seed)
    edited: dict[str, str | None] = {}
    applied: list[dict[str, Any]] = []
    for _ in range(STEPS):
        person, task = choice.choice(people), f"t{choice.randrange(4)}"
        match choice.choice(("import", "import", "edit", "delete", "undo")):
            case "import":
                values = old_data(choice)
                told = await person.send(values)
                assert (await person.confirm(told)).status_code == 200
                applied.append(told)
                seq = await person.seq()
                again = await person.send(values)
                assert "imported" not in outcomes(again)
                assert await person.seq() == seq
            case "edit":
                edited[task] = f"edited {choice.random()}"
                await person.http.put(f"{person.root}/tasks/{task}", json={"title": edited[task]})
            case "delete" if task in await standing(person):
                await person.http.delete(f"{person.root}/tasks/{task}")
                edited[task] = None
            case "undo" if applied:
                told = applied.pop(choice.randrange(len(applied)))
                assert (await person.act(told, "undo")).status_code == 200
        now = await standing(person)
        assert {name: now.get(name) for name in edited} == edited
    history = (await people[0].http.get(f"{people[0].root}/history", params={"limit": 1000})).json()
    assert [entry["seq"] for entry in history] == list(range(len(history), 0, -1))
