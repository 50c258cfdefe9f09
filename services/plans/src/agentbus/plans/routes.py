"""The HTTP edge of the plan service (design.md section 4, compatibility.md section 1)."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response

from agentbus.chassis.answers import VARIES, json_answer, next_page
from agentbus.chassis.auth import Principal, Role, Scope, requires
from agentbus.chassis.documentation import ALWAYS, WITH_BODY
from agentbus.chassis.negotiation import matches
from agentbus.contracts.http.dialect import PlanInDialect
from agentbus.contracts.http.plans import (
    AgentMessage,
    CancelRequest,
    CommandAccepted,
    HealthAnswer,
    Id,
    OptionalId,
    Plan,
    PlanAccepted,
    PlanApproval,
    PlanOutcome,
    PlanStatus,
    PlanWithMessages,
    ProcessRequest,
    UserClarification,
)
from agentbus.contracts.payloads import Team
from agentbus.plan.dialect import DEFAULT, Dialect
from agentbus.plans import handlers, reads
from agentbus.plans.documentation import PLAN_READ, PLANS_READ, SUBMITTED, problems
from agentbus.plans.handlers import Caller
from agentbus.plans.instruments import NOT_MODIFIED
from agentbus.plans.model import KEY_SCHEMA, checked_key
from agentbus.plans.ports import Parts
from agentbus.plans.preferences import wait_seconds
from agentbus.plans.submission import submit
from agentbus.plans.views import etag, whole_view

MESSAGES_LIMIT: Final = 20_000
PLANS_LIMIT: Final = 200
PLANS_DEFAULT: Final = 50
_MAX_SEQ: Final = 2**53

API: Final = APIRouter(prefix="/api/v3", tags=["plans"])
HEALTH: Final = APIRouter(tags=["operations"])


def parts(request: Request) -> Parts:
    """FastAPI dependency: what this process is made of."""
    built: Parts = request.app.state.parts
    return built


def caller(
    who: Annotated[Principal, Depends(requires(Role.EDITOR, Scope.PLANS_WRITE))],
    idempotency_key: Annotated[
        str | None,
        Header(
            description="The same key names the same request: it has its effect once.",
            json_schema_extra=KEY_SCHEMA,
        ),
    ] = None,
) -> Caller:
    """FastAPI dependency: someone who may change something."""
    return Caller(who, checked_key(idempotency_key))


Built = Annotated[Parts, Depends(parts)]
Reader = Annotated[Principal, Depends(requires(Role.VIEWER, Scope.PLANS_READ))]
Writer = Annotated[Caller, Depends(caller)]
PlanId = Annotated[Id, Query(description="The plan.")]


@API.post(
    "/process_request",
    response_model=PlanOutcome | PlanAccepted,
    responses={**problems(*WITH_BODY), **SUBMITTED},
)
async def process_request(
    request: Request,
    body: ProcessRequest,
    writer: Writer,
    built: Built,
    prefer: Annotated[
        list[str] | None, Header(description="`wait=N`: answer at the plan's end, at most N seconds later.")
    ] = None,
) -> Response:
    """Starts a plan. It runs whether or not anyone connects, reads or waits."""
    seconds = wait_seconds(", ".join(prefer or ()), request.app.state.settings.wait_limit_seconds)
    submitted = await submit(
        body, writer.who, key=writer.key, wait_seconds=seconds, gone=partial(_gone, request), parts=built
    )
    applied = {"Preference-Applied": f"wait={seconds}"} if submitted.waited else {}
    return await json_answer(request, submitted.body, applied)


async def _gone(request: Request) -> None:
    """Returns when the client has left; the body was read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


@API.get(
    "/plan",
    response_model=PlanWithMessages | PlanInDialect,
    responses={**problems(404, *ALWAYS), **PLAN_READ},
)
async def plan(
    request: Request,
    plan_id: PlanId,
    who: Reader,
    built: Built,
    after_seq: Annotated[int, Query(ge=0, le=_MAX_SEQ, description="Messages after this one.")] = 0,
    min_seq: Annotated[
        int, Query(ge=0, le=_MAX_SEQ, description="Wait, for a bounded time, until stored up to this one.")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=MESSAGES_LIMIT, description="Most messages.")] = MESSAGES_LIMIT,
    dialect: Annotated[Dialect, Query(description="How messages look.")] = DEFAULT,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Gives the plan and all its messages as stored, the same whether or not anyone watched it."""
    found = await reads.read_plan(plan_id, who, min_seq=min_seq, parts=built)
    headers = {"ETag": etag(found, dialect), "Cache-Control": "private, no-cache", **VARIES}
    if if_none_match is not None and matches(if_none_match, headers["ETag"]):
        NOT_MODIFIED.inc()
        return Response(status_code=304, headers=headers)
    page = await reads.read_messages(found, after_seq=after_seq, limit=limit, parts=built)
    headers |= next_page(request, after_seq=page.next_after)
    return await json_answer(request, whole_view(found, page.messages, dialect), headers)


@API.get("/plans", response_model=list[Plan], responses={**problems(*ALWAYS), **PLANS_READ})
async def plans(
    request: Request,
    who: Reader,
    built: Built,
    session_id: Annotated[OptionalId | None, Query()] = None,
    status: Annotated[PlanStatus | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=PLANS_LIMIT)] = PLANS_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=512, description="From a `Link` header.")] = None,
) -> Response:
    """Lists the workspace's stored plans, newest first."""
    page = await reads.list_plans(
        who, session_id=session_id or None, status=status, limit=limit, cursor=cursor, parts=built
    )
    links = next_page(request, cursor=page.cursor)
    return await json_answer(request, page.plans, links)


@API.get("/teams", response_model=list[Team], responses=problems(*ALWAYS))
async def teams(request: Request, _: Reader, built: Built) -> Response:
    """Lists the teams that a plan may name; first the one that it gets when it names none."""
    return await json_answer(request, [team.model_dump() for team in built.teams.values()])


@API.post("/plan_approval", response_model=CommandAccepted, responses=problems(404, 409, *WITH_BODY))
async def plan_approval(request: Request, body: PlanApproval, writer: Writer, built: Built) -> Response:
    """Approves or rejects the steps of a plan that waits for it."""
    return await json_answer(request, await handlers.approve(body, writer, parts=built))


@API.post("/user_clarification", response_model=CommandAccepted, responses=problems(404, 409, *WITH_BODY))
async def user_clarification(
    request: Request, body: UserClarification, writer: Writer, built: Built
) -> Response:
    """Answers a question of a plan."""
    return await json_answer(request, await handlers.clarify(body, writer, parts=built))


@API.post("/agent_message", response_model=CommandAccepted, responses=problems(404, *WITH_BODY))
async def agent_message(request: Request, body: AgentMessage, writer: Writer, built: Built) -> Response:
    """Adds an outside client's message to a plan, also after its end."""
    return await json_answer(request, await handlers.add_message(body, writer, parts=built))


@API.post("/plans/{plan_id}/cancel", response_model=CommandAccepted, responses=problems(404, 409, *WITH_BODY))
async def cancel(
    request: Request,
    plan_id: Annotated[Id, Path()],
    writer: Writer,
    built: Built,
    body: CancelRequest | None = None,
) -> Response:
    """Stops a plan; what it did stays."""
    return await json_answer(
        request, await handlers.cancel(plan_id, body or CancelRequest(), writer, parts=built)
    )


@HEALTH.get("/health", summary="Does the service answer?")
async def health() -> HealthAnswer:
    """Says healthy. What it stands on is at `/health/ready`."""
    return HealthAnswer()
