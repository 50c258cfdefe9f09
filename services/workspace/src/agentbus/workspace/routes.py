"""The HTTP edge: workspaces, history and conflicts, and REST of both collections (design.md section 4)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from agentbus.chassis.answers import json_answer, next_page
from agentbus.chassis.auth import Principal, Role, Scope, requires
from agentbus.chassis.documentation import ALWAYS
from agentbus.contracts.http.workspace import Conflict, HistoryEntry, ListedWorkspace
from agentbus.contracts.workspace import CollectionName, DocumentId
from agentbus.workspace import conflicts, reading, store
from agentbus.workspace.callers import Built, ByRest, Reader, WorkspaceId
from agentbus.workspace.document_routes import ENVIRONMENTS, LIST_DEFAULT, LIST_LIMIT, MAX_SEQ, TASKS
from agentbus.workspace.documentation import LISTED, problems
from agentbus.workspace.ports import Page, Parts

API: Final = APIRouter(prefix="/api/v3/workspaces", tags=["workspaces"])
_Limit = Annotated[int, Query(ge=1, le=LIST_LIMIT)]
_Cursor = Annotated[int | None, Query(ge=1, le=MAX_SEQ, description="From a `Link` header.")]


@API.get("", response_model=list[ListedWorkspace], responses=problems(*ALWAYS))
async def workspaces(
    request: Request,
    who: Annotated[Principal, Depends(requires(Role.VIEWER, Scope.WORKSPACE_READ))],
    built: Built,
) -> Response:
    """Lists the caller's workspaces: that of their token, and with an issuer's token all that they are in."""
    names = built.book.state.workspaces(who.user_id) if who.credential == "oidc" else [who.workspace_id]
    return await json_answer(request, await _listed(who, names, built))


@API.get(
    "/{workspace_id}/history", response_model=list[HistoryEntry], responses={**problems(*ALWAYS), **LISTED}
)
async def history(
    request: Request,
    who: Reader,
    built: Built,
    collection: Annotated[CollectionName | None, Query()] = None,
    id: Annotated[DocumentId | None, Query(description="Of one document.")] = None,  # noqa: A002  its public name
    limit: _Limit = LIST_DEFAULT,
    cursor: _Cursor = None,
) -> Response:
    """Lists changes, the newest first: who, when, from where, what before, what after."""
    page = await reading.list_history(
        built.database, who.workspace_id, collection=collection, document_id=id, limit=limit, cursor=cursor
    )
    return await _page(request, page)


@API.get(
    "/{workspace_id}/conflicts", response_model=list[Conflict], responses={**problems(*ALWAYS), **LISTED}
)
async def list_conflicts(
    request: Request,
    who: Reader,
    built: Built,
    open: Annotated[bool, Query(description="Only those that were not undone.")] = False,  # noqa: A002
    limit: _Limit = LIST_DEFAULT,
    cursor: _Cursor = None,
) -> Response:
    """Lists what two people changed at once, and what could not be kept; the newest first."""
    page = await conflicts.list_conflicts(
        who.workspace_id, open_only=open, limit=limit, cursor=cursor, parts=built
    )
    return await _page(request, page)


@API.post(
    "/{workspace_id}/conflicts/{number}/undo",
    response_model=Conflict,
    responses=problems(404, 409, *ALWAYS),
)
async def undo_conflict(
    request: Request,
    workspace_id: WorkspaceId,
    number: Annotated[int, Path(ge=1, le=MAX_SEQ)],
    by: ByRest,
    built: Built,
) -> Response:
    """Puts the values back that were overwritten, as a new change."""
    undone = await conflicts.undo(workspace_id, number, replace(by, origin="undo"), parts=built)
    return await json_answer(request, undone)


async def _listed(who: Principal, names: Sequence[str], built: Parts) -> list[dict[str, Any]]:
    async with built.database.transaction(snapshot=True) as connection:
        return [
            {
                "workspace_id": name,
                "role": who.role if name == who.workspace_id else built.book.state.role(name, who.user_id),
                "seq": await store.current_seq(connection, name),
            }
            for name in names
        ]


async def _page(request: Request, page: Page) -> Response:
    links = next_page(request, cursor=page.cursor)
    return await json_answer(request, page.items, {**links, "Workspace-Seq": str(page.seq)})


API.include_router(TASKS)
API.include_router(ENVIRONMENTS)
