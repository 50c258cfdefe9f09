"""Real RxDB clients, outside the app: five edit and go offline at random, and come to one state (B2.5).

Every last value that a client wrote to a field reached the workspace's history; which one stands was decided
by the rule, last write wins per field; and each time that two had changed a field at once, it was recorded.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from support.eventually import eventually
from support.rxdb_clients import Outcome, install, replicate, served_workspaces
from support.stack import Infra
from support.workspace_world import ROOT, WorkspaceWorld, workspace_world

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]

SPACE = "shared"


@pytest.fixture(scope="module")
async def world(stack: Infra) -> AsyncIterator[WorkspaceWorld]:
    async with workspace_world(stack.kafka_bootstrap, stack.postgres_url, stack.namespace()) as world:
        yield world


async def pages(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """Returns a whole list, following its `Link` headers."""
    found: list[dict[str, Any]] = []
    url = f"{ROOT}/{SPACE}/{path}"
    while url:
        answer = await client.get(url)
        assert answer.status_code == 200, answer.text
        found += answer.json()
        url = answer.links.get("next", {}).get("url", "")
    return found


def value(document: dict[str, Any], field: str) -> Any:
    return bool(document.get("_deleted")) if field == "_deleted" else document.get(field)


def lost_writes(outcome: Outcome, history: list[dict[str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Returns what a client wrote last to a field and no change of the workspace ever held."""
    held = {
        (change["id"], field, value(change["after"], field))
        for change in history
        for field in ("title", "description", "status", "statusMessage", "branch", "_deleted")
    }
    return [write for write in outcome.writes if tuple(write[1:]) not in held]


def unrecorded(outcome: Outcome, recorded: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns what a client had to merge and the server has no conflict of."""
    known = {
        (each["id"], field, value(each["client"], field)) for each in recorded for field in each["fields"]
    }
    return [
        conflict
        for conflict in outcome.conflicts
        for field in conflict["fields"]
        if (conflict["id"], field, value(conflict["ours"], field)) not in known
    ]


def undecided(outcome: Outcome) -> list[tuple[str, str, Any]]:
    """Returns what stands in a field that was written to, and is no client's last word on it."""
    last: dict[tuple[str, str], list[Any]] = {}
    for _, task, field, written in outcome.writes:
        last.setdefault((task, field), []).append(written)
    return [
        (task, field, document[field])
        for task, document in outcome.state.items()
        for field in document
        if (task, field) in last and document[field] not in last[task, field]
    ]


async def test_five_clients_2_000_edits_and_random_disconnects_converge(
    world: WorkspaceWorld, tell: Callable[[str], None]
) -> None:
    install()
    quick = {"stream_seconds": 3.0}  # streams that end and begin again are part of a client's life
    async with served_workspaces(world, **quick) as port:
        headers = {"Authorization": f"Bearer {world.token(workspace=SPACE)}"}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60
        ) as client:

            async def ready() -> None:
                assert (await client.get("/health/ready")).status_code == 200

            await eventually(ready, within=60)
            token = world.token(workspace=SPACE)
            outcome = await replicate(
                port, token, SPACE, clients=5, operations=2_000, seed=7, within_seconds=600
            )
            history, recorded = (
                await pages(client, "history?limit=200"),
                await pages(client, "conflicts?limit=200"),
            )
    assert outcome.converged, (outcome.state, outcome.states)
    assert len(outcome.state) >= 5
    assert lost_writes(outcome, history) == []
    assert undecided(outcome) == []
    assert unrecorded(outcome, recorded) == []
    assert recorded, "nobody changed the same field at once: the test shows nothing"
    assert [each["seq"] for each in history] == list(range(len(history), 0, -1))
    tell(
        f"{len(history)} changes, {len(recorded)} conflicts recorded, {len(outcome.conflicts)} merged by"
        f" clients, {sum(outcome.errors)} requests failed, {outcome.seconds:.0f} s"
    )
