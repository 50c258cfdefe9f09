"""Changing one document over REST: create, replace, patch, delete. For `routes.py`.

Guarantee: `If-Match` is checked under the workspace's lock, so of two that bring the same tag one is told.
Saying again what is there already changes nothing, and makes no new version.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agentbus.chassis.negotiation import matches_strongly
from agentbus.contracts.identifiers import new_id
from agentbus.contracts.workspace import CollectionName
from agentbus.postgres.database import Connection
from agentbus.workspace import plan_tasks, store
from agentbus.workspace.errors import ChangedMeanwhile, DocumentExists, UnknownDocument
from agentbus.workspace.model import Author, Draft, Json, Stored, begun, checked, differing, merged, settled
from agentbus.workspace.ports import Parts


@dataclass(frozen=True)
class Place:
    """Which document of which workspace."""

    workspace_id: str
    collection: CollectionName
    document_id: str


def etag(document: Stored) -> str:
    """Returns the entity tag: the number of the change that made the document so."""
    return f'"{document.seq}"'


async def create(
    workspace_id: str, collection: CollectionName, body: Json, author: Author, *, parts: Parts
) -> tuple[Stored, bool]:
    """Returns the new document, and whether it is new: the same one may be created again.

    Raises BadDocument, SecretInDocument, DocumentExists when there is another of this id, Transient.
    """
    new = checked(collection, {**begun(collection, body), "id": body.get("id") or new_id()})
    async with parts.turns.changing(workspace_id) as connection:
        before = await store.read(connection, workspace_id, collection, new["id"])
        if before is not None and not before.deleted:
            if differing(before.document, new):
                raise DocumentExists(f"there is another {collection[:-1]} {new['id']!r}")
            return before, False
        return await put(connection, workspace_id, Draft(collection, new, before), author, parts), True


async def replace(
    place: Place, body: Json, author: Author, *, if_match: str | None, parts: Parts
) -> tuple[Stored, bool]:
    """Makes the document be `body`; returns it, and whether there was none.

    Raises BadDocument, SecretInDocument, ChangedMeanwhile, Transient.
    """
    new = checked(place.collection, {**body, "id": place.document_id})
    async with parts.turns.changing(place.workspace_id) as connection:
        before = await _read(connection, place)
        _require_match(before, if_match)
        written = await put(
            connection, place.workspace_id, Draft(place.collection, new, before), author, parts
        )
    return written, before is None or before.deleted


async def patch(place: Place, body: Json, author: Author, *, if_match: str | None, parts: Parts) -> Stored:
    """Applies a merge patch (RFC 7396).

    Raises UnknownDocument, BadDocument, SecretInDocument, ChangedMeanwhile, Transient.
    """
    return await _change(
        place, lambda document: merged(document, body), author, if_match=if_match, parts=parts
    )


async def delete(place: Place, author: Author, *, if_match: str | None, parts: Parts) -> Stored:
    """Deletes; what is left says so. Raises UnknownDocument, ChangedMeanwhile, Transient."""
    return await _change(
        place, lambda document: {**document, "_deleted": True}, author, if_match=if_match, parts=parts
    )


async def put(
    connection: Connection, workspace_id: str, draft: Draft, author: Author, parts: Parts
) -> Stored:
    """Writes one checked document unless it is as it was; the workspace is locked. Returns what stands.

    A task that comes into being is told at once what its plan has said so far.
    """
    document = settled(draft.collection, draft.document, draft.before)
    if draft.before is not None and not differing(draft.before.document, document):
        return draft.before
    settled_draft = Draft(draft.collection, document, draft.before)
    now = parts.clock.now()
    (written,) = await store.write(connection, workspace_id, [settled_draft], author, now)
    is_new = (draft.before is None or draft.before.deleted) and not written.deleted
    if draft.collection == "tasks" and is_new:
        return await plan_tasks.tell(connection, workspace_id, written, now)
    return written


async def _change(
    place: Place,
    change: Callable[[Json], dict[str, Any]],
    author: Author,
    *,
    if_match: str | None,
    parts: Parts,
) -> Stored:
    async with parts.turns.changing(place.workspace_id) as connection:
        before = await _read(connection, place)
        _require_match(before, if_match)
        if before is None or before.deleted:
            raise UnknownDocument(f"there is no {place.collection[:-1]} {place.document_id!r} here")
        new = checked(place.collection, {**change(before.document), "id": place.document_id})
        return await put(connection, place.workspace_id, Draft(place.collection, new, before), author, parts)


async def _read(connection: Connection, place: Place) -> Stored | None:
    return await store.read(connection, place.workspace_id, place.collection, place.document_id)


def _require_match(before: Stored | None, if_match: str | None) -> None:
    if if_match is None:
        return
    tag = None if before is None or before.deleted else etag(before)
    if not matches_strongly(if_match, tag):
        raise ChangedMeanwhile(f"the document is at {tag or 'no version'} by now: read it, and try again")
