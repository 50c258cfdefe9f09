"""Secrets of environments: set, listed by name, deleted, rotated; never given out. For `secret_routes.py`.

Guarantee: a secret's value stands in one place, encrypted, and in no document, audit row, change or log. That
one was set or deleted is a change of its environment, whose `secretNames` the server alone writes.
"""

from collections.abc import Callable

from agentbus.contracts.http.workspace import SecretValue
from agentbus.contracts.timestamps import format_timestamp
from agentbus.postgres.database import Connection, Database
from agentbus.workspace import store
from agentbus.workspace.errors import UnknownDocument, UnknownSecret
from agentbus.workspace.model import Author, Draft, Json
from agentbus.workspace.ports import Parts
from agentbus.workspace.vault import Vault

Place = tuple[str, str, str]
"""Workspace, environment and name of the secret."""


async def set_secret(place: Place, body: SecretValue, author: Author, *, parts: Parts) -> Json:
    """Sets a secret, in the place of an earlier one; returns it as listed.

    Raises UnknownDocument, Rejected (`no_secret_keys`), Transient.
    """
    workspace_id, environment_id, name = place
    ciphertext, at = parts.vault.closed(place, body.value), parts.clock.now()
    async with parts.turns.changing(place[0]) as connection:
        await _rename(connection, place, lambda names: names | {name}, author, parts)
        await connection.execute(
            """
            insert into workspace.secrets values ($1, $2, $3, $4, $5, $6)
            on conflict (workspace_id, environment_id, name) do update set ciphertext = excluded.ciphertext,
                updated_at = excluded.updated_at, updated_by = excluded.updated_by
            """,
            *(workspace_id, environment_id, name, ciphertext, at, author.user_id),
        )
    return {"name": name, "updated_at": format_timestamp(at), "updated_by": author.user_id}


async def delete_secret(place: Place, author: Author, *, parts: Parts) -> None:
    """Forgets a secret. Raises UnknownDocument, UnknownSecret, Transient."""
    async with parts.turns.changing(place[0]) as connection:
        await _rename(connection, place, lambda names: names - {place[2]}, author, parts)
        done = await connection.execute(
            "delete from workspace.secrets where workspace_id = $1 and environment_id = $2 and name = $3",
            *place,
        )
        if done == "DELETE 0":
            raise UnknownSecret(f"the environment has no secret {place[2]!r}")


async def list_secrets(workspace_id: str, environment_id: str, *, parts: Parts) -> list[Json]:
    """Returns what is set, by name, without values. Raises UnknownDocument, Transient."""
    async with parts.database.transaction(snapshot=True) as connection:
        found = await store.read(connection, workspace_id, "environments", environment_id)
        if found is None or found.deleted:
            raise UnknownDocument(f"there is no environment {environment_id!r} here")
        rows = await connection.fetch(
            "select name, updated_at, updated_by from workspace.secrets "
            "where workspace_id = $1 and environment_id = $2 order by name",
            workspace_id,
            environment_id,
        )
    return [{**dict(row), "updated_at": format_timestamp(row["updated_at"])} for row in rows]


async def rotate(database: Database, vault: Vault) -> int:
    """Encrypts every secret with the vault's first key; returns how many. Raises UnreadableSecret, Transient.

    All or none: an error leaves the old ciphertexts, which the old keys still open.
    """
    async with database.transaction() as connection:
        rows = await connection.fetch("select * from workspace.secrets for update")
        await connection.executemany(
            "update workspace.secrets set ciphertext = $4 "
            "where workspace_id = $1 and environment_id = $2 and name = $3",
            [
                (row["workspace_id"], row["environment_id"], row["name"], vault.rotated(row["ciphertext"]))
                for row in rows
            ],
        )
    return len(rows)


async def _rename(
    connection: Connection,
    place: Place,
    change: Callable[[set[str]], set[str]],
    author: Author,
    parts: Parts,
) -> None:
    """Makes the environment's `secretNames` say which there are: also a new value is a change, audited."""
    workspace_id, environment_id, _ = place
    before = await store.read(connection, workspace_id, "environments", environment_id)
    if before is None or before.deleted:
        raise UnknownDocument(f"there is no environment {environment_id!r} here")
    names = sorted(change(set(before.document.get("secretNames", []))))
    draft = Draft("environments", {**before.document, "secretNames": names}, before)
    await store.write(connection, workspace_id, [draft], author, parts.clock.now())
