"""Decides what becomes of each item of an import, given what the workspace holds. Pure; called by handlers.

Guarantee: nothing that anyone wrote in the workspace is overwritten, and the same data twice changes nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from agentbus.contracts.http.imports import Outcome
from agentbus.contracts.workspace import CollectionName
from agentbus.workspace.imports.items import Item

Place = tuple[CollectionName, str]
Content = tuple[CollectionName, str]
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Present:
    """A document of the workspace: the hash of its content, and whether it is deleted."""

    content: str
    deleted: bool = False


@dataclass(frozen=True)
class Decision:
    """What becomes of an item, and why for people."""

    item: Item
    outcome: Outcome
    reason: str | None = None


def decide(
    items: Sequence[Item], present: Mapping[Place, Present], brought: Collection[Content]
) -> list[Decision]:
    """Returns a decision an item, in their order.

    `present` has the documents with the items' ids, without those that the undoing of an import deleted;
    `brought` is what imports that were not undone brought before: (collection, hash of what came).
    Of items that share an id but not their content the newest is taken, by the client's own `updatedAt`.
    """
    newest = _newest(items)
    return [_decided(item, newest[_place(item)], present.get(_place(item)), brought) for item in items]


def places(items: Iterable[Item]) -> set[Place]:
    """Returns where the items would stand."""
    return {_place(item) for item in items}


def _decided(item: Item, newest: Item, present: Present | None, brought: Collection[Content]) -> Decision:
    if present is not None and not present.deleted and present.content == item.kept:
        return Decision(item, "unchanged")
    if (item.found.collection, item.came) in brought:
        return Decision(item, "unchanged", "was imported before; the workspace has gone on since")
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
        other = chosen.setdefault(_place(item), item)
        if moment(item.updated_at) > moment(other.updated_at):
            chosen[_place(item)] = item
    return chosen


def _place(item: Item) -> Place:
    return item.found.collection, item.id


def moment(written: Any) -> datetime:
    """Returns when `written` (ISO text, or milliseconds since 1970) was; long ago when it tells nothing."""
    try:
        if isinstance(written, str):
            told = datetime.fromisoformat(written)
            return told if told.tzinfo else told.replace(tzinfo=UTC)
        return datetime.fromtimestamp(float(written) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return _LONG_AGO
