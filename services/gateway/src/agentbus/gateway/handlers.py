"""What clients' frames do: one function per type. Each returns the frame that answers it, or None.

Order: validate, check the role, change, return. An error has changed nothing. What frames of one kind of
socket alone do are its commands (`plan_commands.py`). Called by the session.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from agentbus.chassis.auth import Principal, Role, Scope
from agentbus.contracts.frames import Admission, AuthenticateData, Frame, Pong, Refusal
from agentbus.contracts.timestamps import format_timestamp
from agentbus.gateway.access import Badge
from agentbus.gateway.errors import BadFrame
from agentbus.gateway.wire import frame
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import AgentbusError

D = TypeVar("D", bound=BaseModel)
Command = Callable[[Mapping[str, Any]], Awaitable[None]]
_LAST_MOMENT: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Visit:
    """A socket that was let in: who it is, what it is of, and how its frames take effect.

    `commands` are the types of frames that need the role `editor` and the scope `plans:write`.
    """

    about: Mapping[str, str]
    badge: Badge
    clock: Clock
    hello: Callable[[], bytes]
    commands: Mapping[str, Command] = field(default_factory=dict)

    @property
    def principal(self) -> Principal:
        """Who it is, as of now."""
        return self.badge.principal

    @property
    def now(self) -> str:
        """The time, as a timestamp."""
        return format_timestamp(self.clock.now())


async def ping(data: Mapping[str, Any], visit: Visit) -> bytes | None:
    """Answers `pong`, with what came in it."""
    return frame("pong", {**data, **Pong(timestamp=visit.now).model_dump()})


async def pong(_data: Mapping[str, Any], _visit: Visit) -> bytes | None:
    """Nothing to do: that it came says that the socket lives."""
    return None


async def connection_check(_data: Mapping[str, Any], visit: Visit) -> bytes | None:
    """Answers what the socket was greeted with, as of now."""
    return visit.hello()


async def authenticate(data: Mapping[str, Any], visit: Visit) -> bytes | None:
    """Goes on with another token of the same user; raises SocketClosed when it does not let them in."""
    await visit.badge.renew(valid(AuthenticateData, data).token)
    who = visit.principal
    answer = Admission(
        user_id=who.user_id, role=who.role, expires_at=_moment(who.expires_at), timestamp=visit.now
    )
    return frame("authenticated", {**visit.about, **answer.model_dump()})


HANDLERS: Final[dict[str, Callable[[Mapping[str, Any], Visit], Awaitable[bytes | None]]]] = {
    "ping": ping,
    "pong": pong,
    "connection_check": connection_check,
    "authenticate": authenticate,
}


async def handle(received: Frame, visit: Visit) -> bytes | None:
    """Returns the frame that answers `received`, if any.

    Raises AgentbusError when it had no effect, SocketClosed when it is the socket's end.
    """
    handler, command = HANDLERS.get(received.type), visit.commands.get(received.type)
    if handler is not None:
        return await handler(received.data, visit)
    if command is None:
        known = ", ".join([*HANDLERS, *visit.commands])
        raise BadFrame(
            f"{received.type} is not a type that clients send; known: {known}", code="unknown_type"
        )
    visit.principal.require(Role.EDITOR, Scope.PLANS_WRITE)
    await command(received.data)
    return None


def error_frame(error: AgentbusError, visit: Visit) -> bytes:
    """Returns the `error_message` that tells a client why its frame had no effect, and what to do."""
    text = error.message
    if error.status == 503:
        text = f"Not done: {text}; send it again in a few seconds."
    told = Refusal(code=error.code, content=text, timestamp=visit.now)
    return frame("error_message", {**visit.about, **told.model_dump()})


def valid(model: type[D], data: Mapping[str, Any]) -> D:
    """Returns `data` of a client's frame as `model`; raises BadFrame."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadFrame(f"{where}: {first['msg']}") from None


def _moment(unix_seconds: float | None) -> str | None:
    if unix_seconds is None:
        return None
    return format_timestamp(datetime.fromtimestamp(min(unix_seconds, _LAST_MOMENT), UTC))
