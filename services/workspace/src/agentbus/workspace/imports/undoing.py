"""Takes an import back, also a confirmed one, and gives the client what it had brought (E4).

Guarantee: only what this import brought is taken back (an earlier one only where it was never confirmed, as
when its answer was lost), and only where nobody changed it since and no other import counts on it; all in one
transaction, as changes that everyone sees. The same data can be imported again. Called by `routes`.
"""

from collections.abc import Collection, Sequence

from agentbus.contracts.http.imports import ImportReport, UndoneImport
from agentbus.contracts.workspace import Environment, Task
from agentbus.postgres.database import Connection
from agentbus.workspace import store
from agentbus.workspace.imports import ledger
from agentbus.workspace.imports.content import content_of
from agentbus.workspace.imports.dump import COLLECTIONS
from agentbus.workspace.imports.ledger import Entry
from agentbus.workspace.imports.rereading import reread
from agentbus.workspace.instruments import IMPORTS
from agentbus.workspace.model import Author, Draft, Json, Stored, settled
from agentbus.workspace.ports import Parts


async def undo(workspace_id: str, import_id: str, author: Author, *, parts: Parts) -> UndoneImport:
    """Returns the import, undone, and all that it brought; the same again changes nothing.

    Raises UnknownImport, Transient.
    """
    async with parts.turns.changing(workspace_id) as connection:
        told = await ledger.read(connection, workspace_id, import_id, lock=True)
        entries = await ledger.entries(connection, workspace_id, import_id)
        found = await reread(connection, workspace_id, entries)
        if told.state != "undone":
            taken = await _take_back(connection, workspace_id, told, entries, author, parts)
            _note(told, entries, taken)
            told = await ledger.settle(connection, workspace_id, told, "undone", parts.clock.now())
            IMPORTS.labels("undone").inc()
    documents = [(entry.collection, _as_brought(document)) for entry, document in found.held]
    return UndoneImport(
        report=told,
        tasks=[Task.model_validate(each) for collection, each in documents if collection == "tasks"],
        environments=[
            Environment.model_validate(each) for collection, each in documents if collection == "environments"
        ],
    )


async def _take_back(
    connection: Connection,
    workspace_id: str,
    told: ImportReport,
    entries: Sequence[Entry],
    author: Author,
    parts: Parts,
) -> set[str]:
    """Deletes what may be deleted; returns the contents that came and are no longer there."""
    held = [entry.seq for entry in entries if entry.seq is not None]
    own = await ledger.own_seqs(connection, workspace_id, told, held)
    stands = [
        each
        for collection in COLLECTIONS
        for each in (
            await store.read_many(connection, workspace_id, collection, _ids(entries, collection))
        ).values()
        if each.seq in own and not each.deleted
    ]
    drafts = [_deletion(each) for each in stands]
    written = await store.write(connection, workspace_id, drafts, author, parts.clock.now())
    seqs = [(before.seq, after.seq) for before, after in zip(stands, written, strict=True)]
    await ledger.mark_taken_back(connection, workspace_id, seqs)
    gone = {before.seq for before in stands}
    return {entry.came for entry in entries if entry.seq in gone}


def _ids(entries: Sequence[Entry], collection: str) -> list[str]:
    return [entry.id for entry in entries if entry.collection == collection and entry.seq is not None]


def _deletion(each: Stored) -> Draft:
    document = settled(each.collection, {**each.document, "_deleted": True}, each)
    return Draft(each.collection, document, each)


def _note(told: ImportReport, entries: Sequence[Entry], taken: Collection[str]) -> None:
    """Notes at the items that stay in the workspace although the import brought them."""
    stay = {entry.came for entry in entries if entry.outcome == "imported"} - set(taken)
    for item in told.items:
        if item.outcome == "imported" and item.content_hash in stay:
            item.notes.append("kept_at_undo")


def _as_brought(document: Json) -> Json:
    times = {"updatedAt": document["updatedAt"]} if "updatedAt" in document else {}
    return content_of(document) | times
