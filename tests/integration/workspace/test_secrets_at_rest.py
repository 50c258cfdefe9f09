"""Secrets of environments are encrypted, rotated, and in no document, audit row, change or log (B1.2)."""

from collections.abc import Sequence

import httpx
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from support.eventually import eventually
from support.workspace_world import KEY, Home, WorkspaceWorld

from agentbus.kernel.errors import AgentbusError
from agentbus.workspace.rotation import rotate_all
from agentbus.workspace.vault import UnreadableSecret, Vault

VALUE = "ghp_nobody_may_ever_read_this"


async def test_a_secret_is_nowhere_in_clear(
    home: Home, workspaces: WorkspaceWorld, capfd: pytest.CaptureFixture[str]
) -> None:
    root, client = home
    workspace_id = root.rpartition("/")[2]
    await client.put(f"{root}/environments/e1", json={"name": "Website"})
    place = f"{root}/environments/e1/secrets"
    set_ = await client.put(f"{place}/githubToken", json={"value": VALUE})
    assert (set_.status_code, VALUE in set_.text) == (200, False)
    assert [each["name"] for each in (await client.get(place)).json()] == ["githubToken"]
    environment = (await client.get(f"{root}/environments/e1")).json()
    assert environment["secretNames"] == ["githubToken"]

    async def both_published() -> None:
        assert len(await workspaces.published(workspace_id)) == 2

    await eventually(both_published, within=30)
    for table in ("documents", "audit", "secrets", "outbox", "conflicts"):
        rows = await workspaces.rows(f"select t::text, t.* from workspace.{table} t")
        assert VALUE not in str(rows), table
    assert VALUE not in str(await workspaces.published(workspace_id))
    assert VALUE not in (await client.get(f"{root}/history")).text
    assert VALUE not in "".join(capfd.readouterr())

    (held,) = await secrets(workspaces, workspace_id)
    vault = Vault([SecretStr(KEY)])
    assert vault.opened((workspace_id, "e1", "githubToken"), held) == VALUE
    with pytest.raises(UnreadableSecret):
        vault.opened((workspace_id, "e2", "githubToken"), held)


async def test_no_client_writes_the_names(home: Home) -> None:
    root, client = home
    await client.put(f"{root}/environments/e1", json={"name": "a", "secretNames": ["forged"]})
    rows = [{"newDocumentState": {"id": "e1", "name": "b", "secretNames": ["forged"]}}]
    await client.post(f"{root}/sync/environments/push", json=rows)
    assert (await client.get(f"{root}/environments/e1")).json()["secretNames"] == []


async def test_secrets_end_with_their_environment(home: Home, workspaces: WorkspaceWorld) -> None:
    root, client = home
    await client.put(f"{root}/environments/e1", json={"name": "a"})
    for name in ("one", "two"):
        await client.put(f"{root}/environments/e1/secrets/{name}", json={"value": VALUE})
    assert (await client.delete(f"{root}/environments/e1/secrets/one")).status_code == 204
    assert (await client.delete(f"{root}/environments/e1/secrets/one")).json()["code"] == "unknown_secret"
    assert (await client.get(f"{root}/environments/e1")).json()["secretNames"] == ["two"]
    await client.delete(f"{root}/environments/e1")
    assert await secrets(workspaces, root.rpartition("/")[2]) == []
    assert (await client.get(f"{root}/environments/e1/secrets")).status_code == 404


async def test_rotation_moves_all_to_the_first_key(home: Home, workspaces: WorkspaceWorld) -> None:
    root, client = home
    workspace_id = root.rpartition("/")[2]
    await client.put(f"{root}/environments/e1", json={"name": "a"})
    await client.put(f"{root}/environments/e1/secrets/token", json={"value": VALUE})
    new = Fernet.generate_key().decode()
    with_both = workspaces.settings.model_copy(update={"secret_keys": keys(new, KEY)})
    try:
        assert await rotate_all(with_both) >= 1
        (held,) = await secrets(workspaces, workspace_id)
        assert Vault(keys(new)).opened((workspace_id, "e1", "token"), held) == VALUE
        lost = workspaces.settings.model_copy(update={"secret_keys": keys(Fernet.generate_key().decode())})
        with pytest.raises(AgentbusError, match="no listed key"):
            await rotate_all(lost)
    finally:
        await rotate_all(workspaces.settings.model_copy(update={"secret_keys": keys(KEY, new)}))


async def test_without_keys_secrets_are_refused(home: Home, workspaces: WorkspaceWorld) -> None:
    root, client = home
    await client.put(f"{root}/environments/e1", json={"name": "a"})
    async with (
        workspaces.service(secret_keys=()) as service,
        httpx.AsyncClient(transport=service, base_url="http://127.0.0.1", headers=client.headers) as keyless,
    ):
        answer = await keyless.put(f"{root}/environments/e1/secrets/token", json={"value": VALUE})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_secret_keys")


def keys(*texts: str) -> tuple[SecretStr, ...]:
    return tuple(map(SecretStr, texts))


async def secrets(workspaces: WorkspaceWorld, workspace_id: str) -> Sequence[bytes]:
    query = "select ciphertext from workspace.secrets where workspace_id = $1"
    return [row["ciphertext"] for row in await workspaces.rows(query, workspace_id)]
