"""Runs an import: reads what came, decides, and writes all of it in one transaction, or nothing (E1-E4).

Guarantee: an import that is answered as `applied` is in the database, read again and compared before the
commit; after any error, also a broken connection or a killed process, nothing of it is. The same data again
changes nothing. Two at once, as of two tabs, run one after the other. Called by `routes`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from agentbus.contracts.http.imports import ImportReport, ImportState, NewImport
from agentbus.contracts.identifiers import new_id
from agentbus.postgres.database import Connection
from agentbus.workspace import conflicts, store
from agentbus.workspace.conflicts import Found
from agentbus.workspace.imports import ledger
from agentbus.workspace.imports.content import content_hash, content_of
from agentbus.workspace.imports.dump import COLLECTIONS
from agentbus.workspace.imports.errors import NotInDatabase
from agentbus.workspace.imports.items import Item, Reading, read_all
from agentbus.workspace.imports.ledger import Entry
from agentbus.workspace.imports.outcome import (
    Brought,
    Content,
    Decision,
    Place,
    content,
    decide,
    moment,
    place,
)
from agentbus.workspace.imports.report import report
from agentbus.workspace.imports.rereading import reread
from agentbus.workspace.instruments import IMPORT_ITEMS, IMPORT_SECONDS, IMPORTS
from agentbus.workspace.model import Author, Draft, Stored, begun, differing, settled
from agentbus.workspace.ports import Parts

_AT_ONCE: Final = 250
"""Documents written between two turns of the event loop: others are not held up for long."""


async def run(
    body: NewImport, workspace_id: str, author: Author, *, dry_run: bool, parts: Parts
) -> ImportReport:
    """Returns what became of it, or with `dry_run` would. Not sound and not `only_sound`: it is `refused`.

    Raises Transient, after which nothing was written unless the connection broke during the commit: then
    sending it again finds everything unchanged.
    """
    with IMPORT_SECONDS.time():
        reading = await asyncio.to_thread(read_all, body.values)
        writes = not dry_run and (reading.sound or body.only_sound)
        database, turns = parts.database, parts.turns
        transaction = turns.changing(workspace_id) if writes else database.transaction(snapshot=True)
        async with transaction as connection:
            import_ = _Import(connection, workspace_id, author, parts.clock.now())
            told = await (import_.apply(reading) if writes else import_.tell(reading, dry_run=dry_run))
    IMPORTS.labels(told.state).inc()
    return told


class _Import:
    """One import in its transaction."""

    def __init__(self, connection: Connection, workspace_id: str, author: Author, at: datetime) -> None:
        self._connection = connection
        self._workspace_id = workspace_id
        self._author = author
        self._at = at
        self._standing: dict[Place, Stored] = {}
        self._brought: dict[Content, Brought] = {}

    async def tell(self, reading: Reading, *, dry_run: bool) -> ImportReport:
        """Returns what would become of it."""
        decisions = await self._decide(reading.items)
        state: ImportState = "dry_run" if dry_run else "refused"
        return report(reading, decisions, import_id=None, state=state, at=self._at, by=self._author.user_id)

    async def apply(self, reading: Reading) -> ImportReport:
        """Writes it; the workspace is locked."""
        decisions = await self._decide(reading.items)
        written = await self._write(decisions)
        stands = self._standing | written
        await self._record_conflicts(decisions, stands)
        entries = await asyncio.to_thread(_entries, decisions, stands, self._brought)
        told = report(
            reading, decisions, import_id=new_id(), state="applied", at=self._at, by=self._author.user_id
        )
        await ledger.add(self._connection, self._workspace_id, told, self._at, entries)
        found = await reread(self._connection, self._workspace_id, entries)
        if found.missing or found.count_and_hash() != (told.count, told.content_hash):
            raise NotInDatabase(f"{len(found.missing)} items are not in the database as they were written")
        for outcome, number in told.counts:
            IMPORT_ITEMS.labels(outcome).inc(number)
        return told

    async def _decide(self, items: Sequence[Item]) -> list[Decision]:
        for collection in COLLECTIONS:
            ids = [item.id for item in items if item.found.collection == collection]
            found = await store.read_many(self._connection, self._workspace_id, collection, ids)
            self._standing |= {(collection, name): each for name, each in found.items()}
        contents = {content(item) for item in items}
        self._brought = await ledger.brought(self._connection, self._workspace_id, contents)
        present = await ledger.not_taken_back(self._connection, self._workspace_id, self._standing)
        return await asyncio.to_thread(decide, items, present, self._brought)

    async def _write(self, decisions: Sequence[Decision]) -> dict[Place, Stored]:
        """Writes what is new, the one changed last by its client last, so that lists keep their order."""
        items = [each.item for each in decisions if each.outcome == "imported"]
        items.sort(key=lambda item: moment(item.updated_at))
        written: list[Stored] = []
        for start in range(0, len(items), _AT_ONCE):
            drafts = [self._draft(item) for item in items[start : start + _AT_ONCE]]
            written += await store.write(self._connection, self._workspace_id, drafts, self._author, self._at)
        return {(each.collection, each.id): each for each in written}

    def _draft(self, item: Item) -> Draft:
        collection, before = item.found.collection, self._standing.get(place(item))
        document = settled(collection, begun(collection, item.document), None)
        times = {"updatedAt": item.updated_at} if isinstance(item.updated_at, str | int | float) else {}
        return Draft(collection, document | times, before)

    async def _record_conflicts(self, decisions: Sequence[Decision], stands: Mapping[Place, Stored]) -> None:
        for each in decisions:
            if each.outcome == "conflict" and content(each.item) not in self._brought:
                server = stands[place(each.item)]
                fields = tuple(sorted(differing(server.document, each.item.document)))
                found = Found(
                    "conflict",
                    *place(each.item),
                    each.item.document,
                    server,
                    fields,
                    f"import from localStorage: {each.reason}",
                )
                await conflicts.record(self._connection, self._workspace_id, found, self._author, self._at)


def _entries(
    decisions: Sequence[Decision], stands: Mapping[Place, Stored], brought: Mapping[Content, Brought]
) -> list[Entry]:
    """Returns an entry for each content that came, with what is kept of it and where."""
    entries: dict[Content, Entry] = {}
    for each in sorted(decisions, key=lambda decision: decision.outcome != "imported"):
        if content(each.item) not in entries:
            entries[content(each.item)] = _entry(each, stands[place(each.item)], brought)
    return list(entries.values())


def _entry(decision: Decision, stands: Stored, brought: Mapping[Content, Brought]) -> Entry:
    item, (collection, came) = decision.item, content(decision.item)
    if decision.outcome == "conflict":
        return Entry(collection, item.id, came, content_hash(item.document), "conflict", None)
    earlier = brought.get((collection, came))
    if earlier is not None and earlier.seq is not None and differing(stands.document, item.document):
        return Entry(collection, item.id, came, earlier.kept, "unchanged", earlier.seq)
    kept = content_hash(content_of(stands.document))
    return Entry(collection, item.id, came, kept, decision.outcome, stands.seq)
