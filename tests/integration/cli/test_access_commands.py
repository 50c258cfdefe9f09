"""`agentbus keys`, `members`, `revoke`, `audit` against a plan service over HTTP."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from support.command_line import Ran, agentbus
from support.plans_world import plans_world
from support.served import served
from support.stack import Infra

from agentbus.chassis.auth import Role
from agentbus.plans.app import build

Command = Callable[..., Awaitable[Ran]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="module")
async def environment(stack: Infra) -> AsyncIterator[dict[str, str]]:
    """What makes the commands talk to a service of this module's own, as its admin `root`."""
    async with plans_world(stack.kafka_bootstrap, stack.mongo_url, stack.namespace()) as world:
        app = build(world.settings)
        async with served(app, world.settings) as port:
            token = world.token("root", role=Role.ADMIN)
            yield {"AGENTBUS_URL": f"http://127.0.0.1:{port}", "AGENTBUS_TOKEN": token}


@pytest.fixture
def command(environment: dict[str, str]) -> Command:
    async def run(*arguments: str) -> Ran:
        return await agentbus(*arguments, environment=environment)

    return run


async def status(environment: dict[str, str], credential: str) -> int:
    headers = {"Authorization": f"Bearer {credential}"}
    async with httpx.AsyncClient(headers=headers) as client:
        return (await client.get(f"{environment['AGENTBUS_URL']}/api/v3/plans")).status_code


async def test_a_key_from_its_making_to_its_end(command: Command, environment: dict[str, str]) -> None:
    made = await command("keys", "create", "[red]nightly", "--user", "ci", "--role", "editor")
    assert made.code == 0, made.err
    key = made.out.strip()
    assert await status(environment, key) == 200
    listed = json.loads((await command("keys", "list", "--json")).out)
    assert [(each["name"], each["user_id"]) for each in listed] == [("[red]nightly", "ci")]
    assert key.split("_", 2)[2] not in str(listed)
    assert "[red]nightly" in (await command("keys", "list")).out
    revoked = await command("keys", "revoke", listed[0]["key_id"])
    assert (revoked.code, revoked.out) == (0, f"revoked {listed[0]['key_id']}\n")
    assert await status(environment, key) == 401
    again = await command("keys", "revoke", listed[0]["key_id"])
    assert (again.code, "no such API key" in again.err) == (1, True)


async def test_members_and_the_record_of_it(command: Command) -> None:
    assert (await command("members", "set", "ann", "admin")).out == "ann is admin\n"
    refused = await command("members", "remove", "ann")
    assert (refused.code, "last admin" in refused.err) == (1, True)
    assert json.loads((await command("members", "set", "a@b/c?", "viewer", "--json")).out)["role"] == "viewer"
    listed = json.loads((await command("members", "list", "--json")).out)
    assert {(each["user_id"], each["role"]) for each in listed} == {("ann", "admin"), ("a@b/c?", "viewer")}
    assert (await command("members", "remove", "a@b/c?")).code == 0
    assert (await command("revoke", "--user", "ann")).out == "revoked ann\n"
    assert (await command("revoke")).code == 1
    acts = json.loads((await command("audit", "--limit", "4", "--json")).out)
    assert [each["act"] for each in acts] == ["revoke", "remove_member", "set_member", "set_member"]
    assert "remove_member" in (await command("audit")).out
