"""Who has a workspace open, as gateways tell one another on `workspace.presence` (decision 0039).

Written and read by gateways alone; clients get the sum of it in a `presence` frame.
"""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

TOLD_USERS_MAX: Final = 5_000
"""A gateway names this many users of a workspace at most: a record has a bound."""

_Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class WorkspacePresence(BaseModel):
    """The users with a socket on the workspace at one gateway, now. Said at each change, and every 10 s."""

    model_config = ConfigDict(extra="allow", frozen=True)

    workspace_id: _Id = Field(description="The partition key.")
    gateway: _Id = Field(description="The process; another one after each start.")
    user_ids: list[_Id] = Field(
        max_length=TOLD_USERS_MAX, description="In order of arrival. None: nobody any more."
    )
