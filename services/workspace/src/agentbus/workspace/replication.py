"""RxDB's replication protocol (compatibility.md section 3): pull and push. For `sync_routes.py`.

Guarantee: a pulled checkpoint leaves nothing behind it out, because changes are committed in the order of
their numbers. A pushed document is written if the client knew the document as it stands; else it is answered
with the one that stands, and where both had changed the same fields that is recorded (B2.5). Pushing the same
state again succeeds. What cannot be kept is recorded, too, and does not hold up the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agentbus.contracts.http.workspace import PushRow
from agentbus.contracts.workspace import SECRET_FIELDS, CollectionName
from agentbus.kernel.errors import Invalid
from agentbus.postgres.database import Connection, Database
from agentbus.workspace import conflicts, store
from agentbus.workspace.conflicts import Found
from agentbus.workspace.editing import put
from agentbus.workspace.errors import BadDocument
from agentbus.workspace.model import Author, Draft, Json, Stored, checked, differing, dumped
from agentbus.workspace.ports import Parts


@dataclass(frozen=True)
class Pushed:
    """The documents that stand in place of pushed ones, as JSON; and which of those can never be kept."""

    masters: list[str]
    rejected: dict[str, str]


async def pull(
    database: Database, workspace_id: str, collection: CollectionName, seq: int, limit: int
) -> tuple[list[Stored], int]:
    """Returns documents that changed after `seq`, and the checkpoint to go on from; raises Transient."""
    async with database.transaction(snapshot=True) as connection:
        found = await store.read_changed(connection, workspace_id, collection, seq, limit)
    return found, found[-1].seq if found else seq


async def push(
    workspace_id: str, collection: CollectionName, rows: Sequence[PushRow], author: Author, *, parts: Parts
) -> Pushed:
    """Writes what can be written, in one transaction. Raises BadDocument for one without an id, Transient."""
    pushed = Pushed([], {})
    async with parts.turns.changing(workspace_id) as connection:
        for row in rows:
            await _push_row(connection, workspace_id, collection, row, author, parts, pushed)
    return pushed


async def _push_row(
    connection: Connection,
    workspace_id: str,
    collection: CollectionName,
    row: PushRow,
    author: Author,
    parts: Parts,
    pushed: Pushed,
) -> None:
    new, assumed = row.new_document_state, row.assumed_master_state
    document_id = new.get("id")
    if not isinstance(document_id, str) or "\x00" in document_id:
        raise BadDocument("a document needs an id")
    master = await store.read(connection, workspace_id, collection, document_id)
    if master is not None and not differing(master.document, new):
        return
    try:
        checked(collection, new)
    except Invalid as error:
        found = Found("rejected", collection, document_id, _without_secrets(new), master, (), error.message)
        pushed.rejected[document_id] = error.code
    else:
        if master is None or (assumed is not None and not differing(master.document, assumed)):
            await put(connection, workspace_id, Draft(collection, new, master), author, parts)
            return
        both = differing(new, assumed or {}) & differing(master.document, assumed or {})
        fields = tuple(sorted(both & differing(new, master.document)))
        found = Found(
            "conflict", collection, document_id, new, master, fields, "both changed the same fields"
        )
    pushed.masters.append(master.text if master is not None else _nothing(document_id))
    if found.fields or found.kind == "rejected":
        await conflicts.record(connection, workspace_id, found, author, parts.clock.now())


def _without_secrets(document: Json) -> Json:
    return {name: value for name, value in document.items() if name not in SECRET_FIELDS}


def _nothing(document_id: str) -> str:
    return dumped({"id": document_id, "_deleted": True})
