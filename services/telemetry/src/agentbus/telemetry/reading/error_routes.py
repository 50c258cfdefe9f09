"""Routes of errors: lists, one with its example, when it was met, its state. Part of `routes.READING`."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from agentbus.chassis.answers import json_answer, next_page
from agentbus.chassis.documentation import ALWAYS
from agentbus.contracts.http.observed_errors import ErrorDetail, ErrorEvent, ErrorGroup, ErrorState
from agentbus.telemetry.reading import error_groups
from agentbus.telemetry.reading.documentation import LISTED, problems
from agentbus.telemetry.reading.error_groups import Met
from agentbus.telemetry.reading.parameters import (
    LIST_DEFAULT,
    Built,
    Cursor,
    Editor,
    Filter,
    Fingerprint,
    Limit,
    Viewer,
    Within,
)

ERRORS: Final = APIRouter(prefix="/errors")


def where(agent: Filter = None, tool: Filter = None, plan_id: Filter = None, trace_id: Filter = None) -> Met:
    """FastAPI dependency: where errors were met."""
    return Met(agent, tool, plan_id, trace_id)


Where = Annotated[Met, Depends(where)]


@ERRORS.get("", response_model=list[ErrorGroup], responses={**problems(*ALWAYS), **LISTED})
async def list_errors(
    request: Request,
    who: Viewer,
    built: Built,
    within: Within,
    met: Where,
    state: Annotated[ErrorState | None, Query()] = None,
    limit: Limit = LIST_DEFAULT,
    cursor: Cursor = None,
) -> Response:
    """Lists errors that were met in the range, the last met first; by a trace id, over all services."""
    page = await error_groups.list_errors(
        who.workspace_id,
        met,
        state,
        within,
        limit=limit,
        cursor=cursor,
        parts=built,
    )
    links = next_page(request, cursor=page.cursor)
    return await json_answer(request, page.items, links)


@ERRORS.get("/{fingerprint}", response_model=ErrorDetail, responses=problems(404, *ALWAYS))
async def get_error(
    request: Request, who: Viewer, built: Built, within: Within, fingerprint: Fingerprint
) -> Response:
    """Gives one error with its stack and an example."""
    answer = await error_groups.read_error(who.workspace_id, fingerprint, within, parts=built)
    return await json_answer(request, answer.model_dump())


@ERRORS.get(
    "/{fingerprint}/events",
    response_model=list[ErrorEvent],
    responses={**problems(404, *ALWAYS), **LISTED},
)
async def list_error_events(
    request: Request,
    who: Viewer,
    built: Built,
    within: Within,
    fingerprint: Fingerprint,
    met: Where,
    limit: Limit = LIST_DEFAULT,
    cursor: Cursor = None,
) -> Response:
    """Lists each time that the error was met in the range, the last first."""
    page = await error_groups.list_events(
        who.workspace_id,
        fingerprint,
        met,
        within,
        limit=limit,
        cursor=cursor,
        parts=built,
    )
    links = next_page(request, cursor=page.cursor)
    return await json_answer(request, page.items, links)


@ERRORS.post("/{fingerprint}/resolve", response_model=ErrorDetail, responses=problems(404, *ALWAYS))
async def resolve_error(
    request: Request, who: Editor, built: Built, within: Within, fingerprint: Fingerprint
) -> Response:
    """Marks the error as resolved; met again, it is `regressed`."""
    answer = await error_groups.change_state(who.workspace_id, fingerprint, who.user_id, within, parts=built)
    return await json_answer(request, answer.model_dump())


@ERRORS.post("/{fingerprint}/reopen", response_model=ErrorDetail, responses=problems(404, *ALWAYS))
async def reopen_error(
    request: Request, who: Editor, built: Built, within: Within, fingerprint: Fingerprint
) -> Response:
    """Marks the error as open again."""
    answer = await error_groups.change_state(who.workspace_id, fingerprint, None, within, parts=built)
    return await json_answer(request, answer.model_dump())
