"""Puts together what a client is told of its import. Pure; called by `applying`."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agentbus.contracts.http.imports import ImportCounts, ImportItem, ImportReport, ImportSource, ImportState
from agentbus.contracts.timestamps import format_timestamp
from agentbus.workspace.imports.content import hash_of_all
from agentbus.workspace.imports.dump import Found, Source
from agentbus.workspace.imports.items import Fault, Reading
from agentbus.workspace.imports.outcome import Decision, content


def report(
    reading: Reading,
    decisions: Sequence[Decision],
    *,
    import_id: str | None,
    state: ImportState,
    at: datetime,
    by: str,
) -> ImportReport:
    """Returns the report; items stand in the order in which they were found."""
    items = [*map(_decided, decisions), *map(_failed, reading.faults)]
    keys = [source.key for source in reading.sources]
    count, digest = hash_of_all(content(each.item) for each in decisions)
    return ImportReport(
        import_id=import_id,
        state=state,
        sources=[_source(source) for source in reading.sources],
        counts=_counts(items),
        items=sorted(items, key=lambda item: (keys.index(item.key), item.collection, item.index)),
        count=count,
        content_hash=digest,
        created_at=format_timestamp(at),
        created_by=by,
        confirmed_at=None,
        undone_at=None,
    )


def _counts(items: Sequence[ImportItem]) -> ImportCounts:
    counted = Counter(item.outcome for item in items)
    return ImportCounts(**{name: counted.get(name, 0) for name in ImportCounts.model_fields})  # type: ignore[call-overload]


def _source(source: Source) -> ImportSource:
    return ImportSource(
        key=source.key, form=source.form, found=len(source.found), code=source.code, problem=source.problem
    )


def _decided(decision: Decision) -> ImportItem:
    item = decision.item
    return _item(
        item.found,
        id=item.id,
        outcome=decision.outcome,
        reason=decision.reason,
        content_hash=item.came,
        notes=list(item.notes),
    )


def _failed(fault: Fault) -> ImportItem:
    return _item(fault.found, id=fault.id, outcome="failed", code=fault.code, reason=fault.reason)


def _item(found: Found, **fields: Any) -> ImportItem:
    absent: dict[str, Any] = {"code": None, "reason": None, "content_hash": None, "notes": []}
    return ImportItem(collection=found.collection, key=found.key, index=found.index, **(absent | fields))
