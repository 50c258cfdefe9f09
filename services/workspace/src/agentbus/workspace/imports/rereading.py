"""What an import brought, read again from the database and compared with what was meant to be kept.

Called at the end of the transaction that applies an import, when a client asks for its confirmation, and by
undo, which gives it all back. CPU-heavy parts run in a thread: other requests go on.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from agentbus.postgres.database import Connection
from agentbus.workspace.imports import ledger
from agentbus.workspace.imports.content import content_hash, content_of, hash_of_all
from agentbus.workspace.imports.ledger import Entry
from agentbus.workspace.imports.outcome import Place
from agentbus.workspace.model import Json


@dataclass(frozen=True)
class Reread:
    """Entries that the database holds as was meant, with their documents; and those that it does not."""

    held: tuple[tuple[Entry, Json], ...]
    missing: tuple[Entry, ...]

    def count_and_hash(self) -> tuple[int, str]:
        """Returns how many contents the database holds, and their common hash (decision 0027)."""
        return hash_of_all((entry.collection, entry.came) for entry, _ in self.held)


async def reread(connection: Connection, workspace_id: str, entries: Sequence[Entry]) -> Reread:
    """Returns what became of the entries, as the database has it; raises Transient."""
    held, versions = await ledger.kept_documents(connection, workspace_id, entries)
    return await asyncio.to_thread(_compared, entries, held, versions)


def _compared(
    entries: Sequence[Entry], held: Mapping[int, str], versions: Mapping[Place, Sequence[str]]
) -> Reread:
    found = [(entry, _document(entry, held, versions)) for entry in entries]
    return Reread(
        tuple((entry, document) for entry, document in found if document is not None),
        tuple(entry for entry, document in found if document is None),
    )


def _document(entry: Entry, held: Mapping[int, str], versions: Mapping[Place, Sequence[str]]) -> Json | None:
    for text in _texts(entry, held, versions):
        document: Json = orjson.loads(text)
        if content_hash(content_of(document)) == entry.kept:
            return document
    return None


def _texts(entry: Entry, held: Mapping[int, str], versions: Mapping[Place, Sequence[str]]) -> Iterator[str]:
    if entry.seq is None:
        yield from versions.get((entry.collection, entry.id), ())
    elif entry.seq in held:
        yield held[entry.seq]
