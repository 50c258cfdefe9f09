"""Decides what becomes of each item of an import, given what the workspace holds. Pure; called by handlers.

Guarantee: nothing that anyone wrote in the workspace is overwritten, and the same data twice changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from agentbus.contracts.http.imports import Outcome
from agentbus.contracts.workspace import CollectionName
from agentbus.workspace.imports.items import Item
from agentbus.workspace.model import Stored, differing

Place = tuple[CollectionName, str]
Content = tuple[CollectionName, str]
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Brought:
    """What became of a content in an import that was not undone: the change that holds it, or a conflict."""

    seq: int | None
    kept: str = ""


@dataclass(frozen=True)
class Decision:
    """What becomes of an item, and why for people."""

    item: Item
    outcome: Outcome
    reason: str | None = None


def decide(
    items: Sequence[Item], present: Mapping[Place, Stored], brought: Mapping[Content, Brought]
) -> list[Decision]:
    """Returns a decision an item, in their order.

    `present` has the documents with the items' ids, without those that the undoing of an import deleted;
    `brought` is by (collection, hash of what came). Of items that share an id but not their content the
    newest is taken, by the client's own `updatedAt`.
    """
    newest = _newest(items)
    return [
        _decided(item, newest[place(item)], present.get(place(item)), brought.get(content(item)))
        for item in items
    ]


def place(item: Item) -> Place:
    """Returns where the item stands, or would stand."""
    return item.found.collection, item.id


def content(item: Item) -> Content:
    """Returns what the client holds there."""
    return item.found.collection, item.came


def _decided(item: Item, newest: Item, present: Stored | None, brought: Brought | None) -> Decision:
    if present is not None and not present.deleted and not differing(present.document, item.document):
        return Decision(item, "unchanged")
    if brought is not None and brought.seq is not None:
        return Decision(item, "unchanged", "was imported before; the workspace has gone on since")
    if brought is not None:
        return Decision(item, "conflict", "was recorded as a conflict before")
    if present is not None:
        reason = "was deleted" if present.deleted else "is different"
        return Decision(item, "conflict", f"{reason} in the workspace, which stays as it is")
    if item is newest:
        return Decision(item, "imported")
    where = f"{newest.found.key}[{newest.found.index}]"
    if item.came == newest.came:
        return Decision(item, "unchanged", f"the same as {where}")
    return Decision(item, "conflict", f"{where} has the same id and is newer")


def _newest(items: Iterable[Item]) -> dict[Place, Item]:
    chosen: dict[Place, Item] = {}
    for item in items:
        other = chosen.setdefault(place(item), item)
        if moment(item.updated_at) > moment(other.updated_at):
            chosen[place(item)] = item
    return chosen


def moment(written: Any) -> datetime:
    """Returns when `written` (ISO text, or milliseconds since 1970) was; long ago when it tells nothing."""
    try:
        if isinstance(written, str):
            told = datetime.fromisoformat(written)
            return told if told.tzinfo else told.replace(tzinfo=UTC)
        return datetime.fromtimestamp(float(written) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return _LONG_AGO
