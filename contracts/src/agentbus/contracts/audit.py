"""Administrative acts, as they stand on the topic `audit.log`, which is kept for good (decision 0016).

Written by `agentbus.bus.audit` before the act is done: an act that cannot be recorded is not done.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from agentbus.contracts.timestamps import Timestamp


class AuditEntry(BaseModel):
    """Who set out to do what, when and from where. Holds no secrets."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    entry_id: str
    at: Timestamp
    workspace_id: str = Field(description="The record's key.")
    user_id: str = Field(description="Who.")
    credential: str = Field(
        description="By what they were let in: the token's or the API key's id, or a word."
    )
    service: str = Field(description="Where it was done: `plans`, `cli`.")
    address: str = Field(description="From where: the client's network address, or the host of a command.")
    act: Annotated[str, StringConstraints(pattern=r"^[a-z]+(_[a-z]+)*$")]
    subject: str = Field(description="To what: a key of `access.changes`, a topic, a plan.")
    details: dict[str, Any]
