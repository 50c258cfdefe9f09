"""The HTTP edge of the read side: figures, series, what runs now, bottlenecks (design.md section 4).

Everything is of the workspace of the caller's token. Viewers may read. Built into `app.py`, with the routes
of plans and of errors.
"""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from agentbus.chassis.answers import json_answer
from agentbus.chassis.documentation import ALWAYS
from agentbus.contracts.http.observability import (
    BottlenecksAnswer,
    FiguresAnswer,
    GroupBy,
    LiveAnswer,
    MetricName,
    SeriesAnswer,
)
from agentbus.telemetry.reading import figures, live, series, slowest
from agentbus.telemetry.reading.documentation import problems
from agentbus.telemetry.reading.error_routes import ERRORS
from agentbus.telemetry.reading.parameters import Built, Viewer, Which, Within, moment
from agentbus.telemetry.reading.plan_routes import PLANS

READING: Final = APIRouter(prefix="/api/v3/observability", tags=["observability"])
_GROUPS = Annotated[int, Query(ge=1, le=figures.GROUPS_LIMIT, description="Most groups.")]
_STEP_LIMIT: Final = 604_800


@READING.get("/figures", response_model=FiguresAnswer, responses=problems(*ALWAYS))
async def get_figures(
    request: Request,
    who: Viewer,
    built: Built,
    within: Within,
    which: Which,
    group_by: Annotated[GroupBy, Query()] = "agent",
    limit: _GROUPS = 50,
) -> Response:
    """Gives executions, success, durations, waiting, tokens and cost of a range, in all and by group."""
    answer = await figures.read_figures(who.workspace_id, group_by, which, within, limit=limit, parts=built)
    return await json_answer(request, answer.model_dump())


@READING.get("/series", response_model=SeriesAnswer, responses=problems(*ALWAYS))
async def get_series(
    request: Request,
    who: Viewer,
    built: Built,
    within: Within,
    which: Which,
    metric: Annotated[list[MetricName], Query(min_length=1, max_length=12)] = ["executions"],  # noqa: B006
    group_by: Annotated[GroupBy | None, Query(description="A line for each group.")] = None,
    groups: Annotated[int, Query(ge=1, le=50, description="Most groups: the busiest.")] = 10,
    step: Annotated[
        int | None, Query(ge=60, le=_STEP_LIMIT, description="Least width of a bucket in seconds.")
    ] = None,
    compare_from: Annotated[
        AwareDatetime | None, Query(description="Begin of another period of the same length, beside this.")
    ] = None,
) -> Response:
    """Gives metrics over time, bucket by bucket."""
    asked = series.Asked(
        metrics=list(dict.fromkeys(metric)),
        group_by=group_by,
        groups=groups,
        least_step=None if step is None else timedelta(seconds=step),
        compared_with=moment(compare_from),
    )
    answer = await series.read_series(who.workspace_id, asked, which, within, parts=built)
    return await json_answer(request, answer.model_dump())


@READING.get("/live", response_model=LiveAnswer, responses=problems(*ALWAYS))
async def get_live(
    request: Request,
    who: Viewer,
    built: Built,
    limit: Annotated[int, Query(ge=1, le=200, description="Most plans.")] = 50,
) -> Response:
    """Gives every plan that has not ended, and what runs in it at this moment."""
    answer = await live.read_live(who.workspace_id, limit=limit, parts=built)
    return await json_answer(request, answer.model_dump())


@READING.get("/bottlenecks", response_model=BottlenecksAnswer, responses=problems(*ALWAYS))
async def get_bottlenecks(
    request: Request,
    who: Viewer,
    built: Built,
    within: Within,
    which: Which,
    history_days: Annotated[int, Query(ge=1, le=90, description="How far back the history goes.")] = 7,
    limit: _GROUPS = 50,
) -> Response:
    """Gives what became slower than its own history, and what takes most of the time."""
    answer = await slowest.read_bottlenecks(
        who.workspace_id, which, within, timedelta(days=history_days), limit=limit, parts=built
    )
    return await json_answer(request, answer.model_dump())


READING.include_router(PLANS)
READING.include_router(ERRORS)
