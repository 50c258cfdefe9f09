"""What clients' frames do: one function per type. Each returns the frame that answers it, or None.

Order: validate, check the role, make the command, send it, return. An error has changed nothing, except
that a command whose acknowledgement got lost may be on the bus: commands name what they answer, so the
client can send it again. Called by the session.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from agentbus.bus.codec import encode
from agentbus.chassis.auth import Principal, Role, Scope
from agentbus.contracts.commands import AnswerClarification, ApprovePlan, PlanCommand
from agentbus.contracts.frames import (
    COMMANDING_TYPES,
    ApprovalData,
    Authenticated,
    AuthenticateData,
    ClarificationData,
    Frame,
    FrameError,
    Pong,
)
from agentbus.contracts.identifiers import new_id
from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.topics import COMMANDS
from agentbus.gateway.access import Badge
from agentbus.gateway.client_frames import approves
from agentbus.gateway.errors import BadFrame
from agentbus.gateway.model import Question
from agentbus.gateway.ports import Commands
from agentbus.gateway.wire import frame
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import AgentbusError
from agentbus.observability.secrets.value import redacted_model
from agentbus.observability.tracing import span

D = TypeVar("D", bound=BaseModel)
_LAST_MOMENT: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Visit:
    """A socket that was let in: who it is, what it watches, and how its frames take effect."""

    plan_id: str
    badge: Badge
    commands: Commands
    clock: Clock
    question: Callable[[], Awaitable[Question | None]]
    hello: Callable[[], bytes]

    @property
    def principal(self) -> Principal:
        """Who it is, as of now."""
        return self.badge.principal


async def ping(data: Mapping[str, Any], visit: Visit) -> bytes | None:
    """Answers `pong`, with what came in it."""
    pong = Pong(timestamp=format_timestamp(visit.clock.now()))
    return frame("pong", {**data, **pong.model_dump()})


async def pong(_data: Mapping[str, Any], _visit: Visit) -> bytes | None:
    """Nothing to do: that it came says that the socket lives."""
    return None


async def connection_check(_data: Mapping[str, Any], visit: Visit) -> bytes | None:
    """Answers what the socket was greeted with, as of now."""
    return visit.hello()


async def authenticate(data: Mapping[str, Any], visit: Visit) -> bytes | None:
    """Goes on with another token of the same user; raises SocketClosed when it does not let them in."""
    await visit.badge.renew(_valid(AuthenticateData, data).token)
    who = visit.principal
    answer = Authenticated(
        plan_id=visit.plan_id,
        user_id=who.user_id,
        role=who.role,
        expires_at=_moment(who.expires_at),
        timestamp=format_timestamp(visit.clock.now()),
    )
    return frame("authenticated", answer.model_dump())


async def plan_approval_response(data: Mapping[str, Any], visit: Visit) -> bytes | None:
    """Approves or rejects the plan's steps; what it came to shows as a message of the plan."""
    answer = _valid(ApprovalData, data)
    question = await visit.question() if not answer.m_plan_id else None
    open_id = question.id if question is not None and question.kind == "approval" else ""
    await _approve(
        visit, answer.m_plan_id or open_id, approved=answer.approved, feedback=answer.feedback or ""
    )
    return None


async def user_clarification_response(data: Mapping[str, Any], visit: Visit) -> bytes | None:
    """Answers the plan's question; OK, YES or APPROVE approve a plan that waits for that instead."""
    answer = _valid(ClarificationData, data)
    question = await visit.question()
    if question is not None and question.kind == "approval" and approves(answer.answer):
        await _approve(visit, question.id, approved=True, feedback="")
        return None
    open_id = question.id if question is not None and question.kind == "clarification" else ""
    command = AnswerClarification(
        **_head(visit), request_id=answer.request_id or open_id, answer=answer.answer
    )
    await _send(visit, command, command.type)
    return None


HANDLERS: Final[dict[str, Callable[[Mapping[str, Any], Visit], Awaitable[bytes | None]]]] = {
    "ping": ping,
    "pong": pong,
    "connection_check": connection_check,
    "authenticate": authenticate,
    "plan_approval_response": plan_approval_response,
    "user_clarification_response": user_clarification_response,
}


async def handle(received: Frame, visit: Visit) -> bytes | None:
    """Returns the frame that answers `received`, if any.

    Raises AgentbusError when it had no effect, SocketClosed when it is the socket's end.
    """
    handler = HANDLERS.get(received.type)
    if handler is None:
        known = ", ".join(HANDLERS)
        raise BadFrame(
            f"{received.type} is not a type that clients send; known: {known}", code="unknown_type"
        )
    if received.type in COMMANDING_TYPES:
        visit.principal.require(Role.EDITOR, Scope.PLANS_WRITE)
    return await handler(received.data, visit)


def error_frame(error: AgentbusError, plan_id: str, clock: Clock) -> bytes:
    """Returns the `error_message` that tells a client why its frame had no effect, and what to do."""
    text = error.message
    if error.status == 503:
        text = f"Not done: {text}. The plan goes on waiting; send it again in a few seconds."
    told = FrameError(plan_id=plan_id, code=error.code, content=text, timestamp=format_timestamp(clock.now()))
    return frame("error_message", told.model_dump())


async def _approve(visit: Visit, m_plan_id: str, *, approved: bool, feedback: str) -> None:
    command = ApprovePlan(**_head(visit), m_plan_id=m_plan_id, approved=approved, feedback=feedback)
    await _send(visit, command, command.type)


def _head(visit: Visit) -> dict[str, Any]:
    return {
        "command_id": new_id(),
        "plan_id": visit.plan_id,
        "workspace_id": visit.principal.workspace_id,
        "user_id": visit.principal.user_id,
        "issued_at": format_timestamp(visit.clock.now()),
    }


async def _send(visit: Visit, command: PlanCommand, name: str) -> None:
    with span(f"send {name}", kind="producer", plan_id=visit.plan_id):
        said = redacted_model(command, keep=PlanCommand.model_fields)
        await visit.commands.send(COMMANDS, visit.plan_id, encode(said), schema="command.v1")


def _moment(unix_seconds: float | None) -> str | None:
    if unix_seconds is None:
        return None
    return format_timestamp(datetime.fromtimestamp(min(unix_seconds, _LAST_MOMENT), UTC))


def _valid(model: type[D], data: Mapping[str, Any]) -> D:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadFrame(f"{where}: {first['msg']}") from None
