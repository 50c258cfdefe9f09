"""Routes of plans with their figures: lists, timelines, bottlenecks. Part of `routes.READING`."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from agentbus.chassis.answers import json_answer, next_page
from agentbus.chassis.documentation import ALWAYS
from agentbus.contracts.http.observed_plans import ActionStatus, ObservedPlan, PlanBottlenecks, Timeline
from agentbus.contracts.http.plans import PlanStatus
from agentbus.telemetry.reading import bottlenecks, plans, timeline
from agentbus.telemetry.reading.documentation import LISTED, TIMELINE, problems
from agentbus.telemetry.reading.parameters import (
    LIST_DEFAULT,
    MAX_SEQ,
    TIMELINE_LIMIT,
    Built,
    Cursor,
    Filter,
    Limit,
    PlanId,
    Viewer,
    Which,
    Within,
    moment,
)

PLANS: Final = APIRouter(prefix="/plans")
_Least = Annotated[float | None, Query(ge=0, le=1e9, description="Only what took at least so many seconds.")]


@PLANS.get("", response_model=list[ObservedPlan], responses={**problems(*ALWAYS), **LISTED})
async def list_plans(
    request: Request,
    who: Viewer,
    built: Built,
    within: Within,
    which: Which,
    status: Annotated[PlanStatus | None, Query()] = None,
    failed: Annotated[bool | None, Query(description="Whether an action of it has failed.")] = None,
    error: Filter = None,
    trace_id: Filter = None,
    least_seconds: _Least = None,
    limit: Limit = LIST_DEFAULT,
    cursor: Cursor = None,
) -> Response:
    """Lists plans that were created in the range, with their figures: what a figure is made of."""
    wanted = plans.Plans(which, status, error, trace_id, least_seconds, failed)
    page = await plans.list_plans(who.workspace_id, wanted, within, limit=limit, cursor=cursor, parts=built)
    links = next_page(request, cursor=page.cursor)
    return await json_answer(request, page.items, links)


@PLANS.get("/{plan_id}/timeline", response_model=Timeline, responses={**problems(404, *ALWAYS), **TIMELINE})
async def get_timeline(
    request: Request,
    who: Viewer,
    built: Built,
    plan_id: PlanId,
    starts_at: Annotated[
        AwareDatetime | None, Query(alias="from", description="Only what ran after this moment.")
    ] = None,
    ends_at: Annotated[
        AwareDatetime | None, Query(alias="to", description="Only what began before this moment.")
    ] = None,
    least_seconds: _Least = None,
    status: Annotated[ActionStatus | None, Query()] = None,
    after_seq: Annotated[int, Query(ge=0, le=MAX_SEQ, description="What began after this message.")] = 0,
    limit: Annotated[int, Query(ge=1, le=TIMELINE_LIMIT)] = 1000,
) -> Response:
    """Gives the plan and its actions in the order in which they began."""
    shown = timeline.Shown(moment(starts_at), moment(ends_at), least_seconds, status)
    page, rest = await timeline.read_timeline(
        who.workspace_id, plan_id, shown, after_seq=after_seq, limit=limit, parts=built
    )
    links = next_page(request, after_seq=rest)
    return await json_answer(request, page.model_dump(), links)


@PLANS.get("/{plan_id}/bottlenecks", response_model=PlanBottlenecks, responses=problems(404, *ALWAYS))
async def get_plan_bottlenecks(
    request: Request,
    who: Viewer,
    built: Built,
    plan_id: PlanId,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most segments: the longest.")] = 200,
) -> Response:
    """Gives the plan's critical path, and where its time went."""
    answer = await bottlenecks.read_plan_bottlenecks(who.workspace_id, plan_id, limit=limit, parts=built)
    return await json_answer(request, answer.model_dump())
