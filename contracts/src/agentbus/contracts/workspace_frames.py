"""WebSocket frames of `/api/v3/workspaces/{id}/socket`: JSON text, `{"type", "data"}`, as those of a plan.

Sent by the gateway, read by browsers. A `workspace_change` has the change whole in `data`
(`agentbus.contracts.workspace.WorkspaceChange`), and its `seq` is where a client resumes. Where the socket
cannot go on from there it says `resync`: pull until nothing is new, and take what the socket says meanwhile.
Clients send `ping`, `pong`, `connection_check` and `authenticate`.
"""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from agentbus.contracts.frames import Admission, Refusal
from agentbus.contracts.timestamps import Timestamp

PRESENT_USERS_MAX: Final = 100
"""`presence` names this many users at most."""


class WorkspaceConnected(BaseModel):
    """`connection_established`, the first frame: from where the socket is live."""

    model_config = ConfigDict(extra="allow", frozen=True)

    workspace_id: str
    user_id: str
    status: Literal["connected"] = "connected"
    after_seq: int | None = Field(description="What the client said that it has; null: nothing was said.")
    last_seq: int | None = Field(
        description="The newest change that the gateway knows; all later ones come. Null: it knows none."
    )
    ping_interval_seconds: float
    timestamp: Timestamp


class Resync(BaseModel):
    """Changes are missing: pull. All after `seq` come over this socket; null: all that come from now on."""

    model_config = ConfigDict(extra="allow", frozen=True)

    workspace_id: str
    seq: int | None


class Presence(BaseModel):
    """Who has the workspace open, at any gateway; sent on arrival and when it changes."""

    model_config = ConfigDict(extra="allow", frozen=True)

    workspace_id: str
    user_ids: list[str] = Field(description="In order of arrival, those at this gateway first; at most 100.")
    count: int = Field(ge=0, description="How many users there are.")


class WorkspaceAuthenticated(Admission):
    """The answer to `authenticate`: the new token holds for this socket from now on."""

    workspace_id: str


class WorkspaceFrameError(Refusal):
    """An `error_message`: the frame had no effect, the socket stays."""

    workspace_id: str
