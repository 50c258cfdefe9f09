"""The HTTP edge of alerts: `/api/v3/alerts`, and what administrators ask: `/api/v3/observability/health`.

Every route acts in the workspace of the caller's token; operators of the system see its alerts beside theirs.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from agentbus.chassis.access.identity import forbidden
from agentbus.chassis.answers import json_answer, next_page
from agentbus.chassis.documentation import ALWAYS, PAGED, WITH_BODY, Responses
from agentbus.contracts.alerts import Alert, AlertState, RuleName, Severity
from agentbus.contracts.http.alerts import (
    Acknowledgement,
    AlertWithHistory,
    HealthHistory,
    Limit,
    LimitKind,
    NewLimit,
    NewSilence,
    Silence,
    SystemHealth,
    Word,
)
from agentbus.contracts.http.plans import Id
from agentbus.telemetry.alerts import handlers, silences
from agentbus.telemetry.alerts.callers import MayRead, MayWrite, Operator
from agentbus.telemetry.alerts.documentation import problems
from agentbus.telemetry.alerts.handlers import Wanted
from agentbus.telemetry.alerts.health import system_health
from agentbus.telemetry.alerts.parts import Built
from agentbus.telemetry.alerts.recent import recent_health

ALERTS: Final = APIRouter(prefix="/api/v3/alerts", tags=["alerts"])
HEALTH: Final = APIRouter(prefix="/api/v3/observability", tags=["health"])
_LIST_MOST: Final = 500
_MAX_NUMBER: Final = 2**53


AlertId = Annotated[Id, Path(description="The alert.")]
SilenceId = Annotated[Id, Path(description="The silence.")]
LimitName = Annotated[Word, Path(description="Of the tool, agent or team; `*`: any.")]
_PAGE: Final[Responses] = {200: {"description": "The newest first.", "headers": PAGED}}


@ALERTS.get("", response_model=list[Alert], responses={**problems(*ALWAYS), **_PAGE})
async def list_alerts(
    request: Request,
    who: MayRead,
    built: Built,
    state: Annotated[AlertState | None, Query(description="All but pending ones when absent.")] = None,
    rule: Annotated[RuleName | None, Query()] = None,
    severity: Annotated[Severity | None, Query()] = None,
    plan_id: Annotated[Id | None, Query(description="Of one plan.")] = None,
    limit: Annotated[int, Query(ge=1, le=_LIST_MOST)] = 100,
    cursor: Annotated[int | None, Query(ge=1, le=_MAX_NUMBER, description="From a `Link` header.")] = None,
) -> Response:
    """Lists alerts, the newest first."""
    wanted = Wanted(state, rule, severity, plan_id)
    page, rest = await handlers.listed(built.database, who, wanted, limit, cursor)
    return await json_answer(request, page, next_page(request, cursor=rest))


@ALERTS.get("/silences", response_model=list[Silence], responses=problems(*ALWAYS))
async def list_silences(who: MayRead, built: Built) -> Sequence[Silence]:
    """Lists silences, the newest first, those that are over included."""
    return await silences.listed(built.database, who)


@ALERTS.post("/silences", status_code=201, response_model=Silence, responses=problems(*WITH_BODY))
async def create_silence(body: NewSilence, who: MayWrite, built: Built) -> Silence:
    """Makes a silence: no channel is told of alerts that match. They are seen here all the same."""
    if body.system and not who.operator:
        raise forbidden("this is for the administrators of the system", code="not_an_operator")
    owner = replace(who, workspace_id=None) if body.system else who
    return await silences.create(built.database, built.clock, owner, body)


@ALERTS.delete("/silences/{silence_id}", status_code=204, responses=problems(404, *ALWAYS))
async def end_silence(silence_id: SilenceId, who: MayWrite, built: Built) -> None:
    """Ends a silence now. Channels are told of what fires still."""
    await silences.end(built.database, built.clock, who, silence_id)


@ALERTS.get("/limits", response_model=list[Limit], responses=problems(*ALWAYS))
async def list_limits(who: MayRead, built: Built) -> Sequence[Limit]:
    """Lists the limits that were set; without one, an execution's own history says what is expected."""
    return await handlers.limits(built.database, who.workspace_id or "")


@ALERTS.put("/limits/{kind}/{name}", response_model=Limit, responses=problems(*WITH_BODY))
async def set_limit(
    kind: Annotated[LimitKind, Path()], name: LimitName, body: NewLimit, who: MayWrite, built: Built
) -> Limit:
    """Sets how long executions may take, or what may be spent in an hour; holds at once."""
    whose = (who.workspace_id or "", who.user_id)
    return await handlers.set_limit(built.database, built.clock, whose, (kind, name), body.limit)


@ALERTS.delete("/limits/{kind}/{name}", status_code=204, responses=problems(404, *ALWAYS))
async def remove_limit(
    kind: Annotated[LimitKind, Path()], name: LimitName, who: MayWrite, built: Built
) -> None:
    """Removes a limit."""
    await handlers.remove_limit(built.database, who.workspace_id or "", kind, name)


@ALERTS.get("/{alert_id}", response_model=AlertWithHistory, responses=problems(404, *ALWAYS))
async def read_alert(alert_id: AlertId, who: MayRead, built: Built) -> AlertWithHistory:
    """Gives an alert, what became of it, and who was told."""
    return await handlers.read(built.database, who, alert_id)


@ALERTS.post("/{alert_id}/acknowledge", response_model=Alert, responses=problems(404, 409, *WITH_BODY))
async def acknowledge(
    request: Request, alert_id: AlertId, body: Acknowledgement, who: MayWrite, built: Built
) -> Response:
    """Says that the caller looks after it. Said again, the first one's name stays."""
    alert = await handlers.acknowledge(built.database, built.clock, who, alert_id, body.note)
    return await json_answer(request, alert)


@HEALTH.get("/health", response_model=SystemHealth, responses=problems(*ALWAYS))
async def health(_who: Operator, built: Built) -> SystemHealth:
    """Gives each service, Kafka's lag, the databases, key figures, and what to do now."""
    return await system_health(built)


@HEALTH.get("/health/history", response_model=HealthHistory, responses=problems(*ALWAYS))
async def health_history(_who: Operator, built: Built) -> HealthHistory:
    """Gives memory, lag and event-loop delay of each instance over the last ten minutes."""
    return recent_health(built.scraper.processes, built.clock.now())
