"""WebSocket frames of `/api/v3/socket/{plan_id}` (compatibility.md section 1): JSON text, `{"type", "data"}`.

Sent by the gateway and read by browsers, clients of the API family and the command line; and back. A frame
that holds a message of the plan has it whole in `data`, so its `seq` is where a client resumes (`after_seq`).
Frames without a `seq` (streaming chunks and what the gateway itself says) are seen once and never repeated.
"""

from enum import IntEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from agentbus.contracts.timestamps import Timestamp

FRAME_MAX_BYTES: Final = 65_536
"""A client's frame may be this long; the gateway closes with 1009 after a longer one."""

PING_INTERVAL_SECONDS: Final = 20
"""How often the gateway sends `ping`, as a frame for people's code and as a WebSocket ping."""

TEXT_MAX_CHARACTERS: Final = 32_768

CREDENTIAL_MAX_CHARACTERS: Final = 16_384


class CloseCode(IntEnum):
    """Why a socket was closed. `reconnects` says what a client does next; the others are the end.

    4401 ends a socket whose token does not hold, at the moment at which it expires or is revoked; 4403 one
    whose user may not or whose page's Origin is not allowed; 4404 also one that asks for another workspace's
    plan; 4429 one of too many
    of a user or an address, and one that sends more than it may.
    """

    NORMAL = 1000
    PROTOCOL_ERROR = 1002
    BINARY = 1003
    INVALID_UTF8 = 1007
    TOO_LARGE = 1009
    FAILED = 1011
    GOING_AWAY = 1012
    UNAVAILABLE = 1013
    BAD_PARAMETERS = 4400
    NOT_AUTHENTICATED = 4401
    NOT_ALLOWED = 4403
    UNKNOWN_PLAN = 4404
    TOO_SLOW = 4408
    TOO_MANY = 4429

    @property
    def reconnects(self) -> bool:
        """Tells whether to connect again, with `after_seq` = the last `seq` received; else it is the end."""
        return self in RECONNECT_CODES


RECONNECT_CODES: Final = frozenset(
    {CloseCode.FAILED, CloseCode.GOING_AWAY, CloseCode.UNAVAILABLE, CloseCode.TOO_SLOW}
)


class Frame(BaseModel):
    """What every frame is."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")
    data: dict[str, Any] = Field(default_factory=dict)


class ConnectionEstablished(BaseModel):
    """The first frame: what the gateway knows of the plan, and from where it sends."""

    model_config = ConfigDict(extra="allow", frozen=True)

    plan_id: str
    user_id: str
    status: Literal["connected"] = "connected"
    after_seq: int = Field(ge=0, description="History begins after this `seq`.")
    last_seq: int = Field(ge=0, description="The newest `seq` known now; more may follow at once.")
    ping_interval_seconds: float
    timestamp: Timestamp


class Pong(BaseModel):
    """The answer to `ping`, and what the gateway's own `ping` carries."""

    model_config = ConfigDict(extra="allow", frozen=True)

    timestamp: Timestamp


class Admission(BaseModel):
    """What the answer to `authenticate` says, whatever the socket is of."""

    model_config = ConfigDict(extra="allow", frozen=True)

    user_id: str
    role: str = Field(description="What the user may do from now on.")
    expires_at: Timestamp | None = Field(
        description="The socket is closed with 4401 then, unless another token comes before; null: never."
    )
    timestamp: Timestamp


class Authenticated(Admission):
    """The answer to `authenticate`: the new token holds for this socket from now on."""

    plan_id: str


class Refusal(BaseModel):
    """What an `error_message` of the gateway's own says, whatever the socket is of."""

    model_config = ConfigDict(extra="allow", frozen=True)

    code: str = Field(description="Stable, for machines.")
    content: str = Field(description="For people: what went wrong and what to do.")
    timestamp: Timestamp


class FrameError(Refusal):
    """An `error_message` of the gateway's own, without `seq`: the frame had no effect, the socket stays."""

    plan_id: str


class ClientData(BaseModel):
    """Data of a client's frame. Unknown fields are ignored, wrong types refused."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class ApprovalData(ClientData):
    """Approve or reject the plan's steps; without `m_plan_id`, those that wait now."""

    approved: bool
    feedback: Annotated[str, Field(max_length=TEXT_MAX_CHARACTERS)] | None = None
    m_plan_id: Annotated[str, Field(max_length=128)] | None = None


class ClarificationData(ClientData):
    """Answer a question; without `request_id`, the one that is open."""

    answer: Annotated[str, Field(max_length=TEXT_MAX_CHARACTERS)]
    request_id: Annotated[str, Field(max_length=128)] | None = None


class AuthenticateData(ClientData):
    """Go on with another token, of the same user in the same workspace."""

    token: Annotated[str, Field(min_length=1, max_length=CREDENTIAL_MAX_CHARACTERS)]


COMMANDING_TYPES: Final = frozenset({"plan_approval_response", "user_clarification_response"})
"""What becomes a command to the plan: needs the role `editor` and the scope `plans:write`."""

CLIENT_TYPES: Final = COMMANDING_TYPES | {"ping", "pong", "connection_check", "authenticate"}
"""What clients may send. `ping` is answered with `pong`, `connection_check` with `connection_established`,
`authenticate` with `authenticated`."""

APPROVING_WORDS: Final = frozenset({"OK", "YES", "APPROVE", "APPROVED"})
"""Answers (in any case) that approve a plan which waits for approval."""
