"""The import from localStorage over HTTP (decision 0027): dry run, apply, confirm, undo."""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from agentbus.chassis.answers import json_answer
from agentbus.chassis.documentation import ALWAYS, WITH_BODY
from agentbus.contracts.http.imports import ConfirmImport, ImportReport, NewImport, UndoneImport
from agentbus.contracts.http.plans import Id
from agentbus.workspace.callers import Built, ByRest, Reader, WorkspaceId
from agentbus.workspace.documentation import problems
from agentbus.workspace.imports import applying, confirming, undoing

IMPORTS: Final = APIRouter(prefix="/api/v3/workspaces/{workspace_id}/imports", tags=["imports"])
_ImportId = Annotated[Id, Path(description="From the report.")]


@IMPORTS.post("", response_model=ImportReport, responses=problems(*WITH_BODY))
async def import_all(
    request: Request,
    workspace_id: WorkspaceId,
    body: NewImport,
    by: ByRest,
    built: Built,
    dry_run: Annotated[bool, Query(description="Only tell what would be done.")] = False,
) -> Response:
    """Imports raw values of localStorage, all in one transaction; tells what became of each item.

    `applied`: the client computes its own count and hash and asks for confirmation. `refused`: something is
    not sound, nothing was written. The same data again changes nothing.
    """
    author = replace(by, origin="import")
    told = await applying.run(body, workspace_id, author, dry_run=dry_run, parts=built)
    return await json_answer(request, told.model_dump())


@IMPORTS.get("/{import_id}", response_model=ImportReport, responses=problems(404, *ALWAYS))
async def read_import(request: Request, who: Reader, import_id: _ImportId, built: Built) -> Response:
    """Gives the report of an import, as it is now."""
    told = await confirming.read(who.workspace_id, import_id, parts=built)
    return await json_answer(request, told.model_dump())


@IMPORTS.post("/{import_id}/confirm", response_model=ImportReport, responses=problems(404, 409, *WITH_BODY))
async def confirm_import(
    request: Request,
    workspace_id: WorkspaceId,
    import_id: _ImportId,
    body: ConfirmImport,
    _by: ByRest,
    built: Built,
) -> Response:
    """Confirms what the client counted and hashed, against what is read from the database now.

    Only after this may the client clear its localStorage; 409 (`content_differs`): it must not.
    """
    told = await confirming.confirm(workspace_id, import_id, body, parts=built)
    return await json_answer(request, told.model_dump())


@IMPORTS.post("/{import_id}/undo", response_model=UndoneImport, responses=problems(404, *ALWAYS))
async def undo_import(
    request: Request, workspace_id: WorkspaceId, import_id: _ImportId, by: ByRest, built: Built
) -> Response:
    """Takes back what the import brought, except what was changed since; gives it all, without tokens."""
    undone = await undoing.undo(workspace_id, import_id, replace(by, origin="undo"), parts=built)
    return await json_answer(request, undone.model_dump(by_alias=True, exclude_unset=True))
