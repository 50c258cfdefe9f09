"""The plan record on the compacted topic `agent.plans`: which plans are in flight, so that one which waits
for days holds back no offset, and a new owner knows where in the log to read it.

Written by the runner that owns the partition; also read by who looks for a plan without the database.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agentbus.contracts.commands import StartPlan
from agentbus.contracts.timestamps import Timestamp


class PlanRecord(BaseModel):
    """One plan. Who holds it and how far it is stands in its messages alone.

    `messages_offset` is where in its partition of `agent.messages` its first message can be. It follows from
    the time at which the broker took the start command, so two runners that both take it on agree on it.
    `traceparent` (W3C Trace Context) is the span in which it was taken on: whoever goes on with the plan goes
    on from there. None in records that are older than the field, and once the plan has ended.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    start: StartPlan
    state: Literal["in_flight", "ended"]
    messages_offset: int = Field(ge=0)
    updated_at: Timestamp
    traceparent: str | None = None
