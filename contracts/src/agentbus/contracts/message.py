"""The message: one JSON object on the bus, in the database, over WebSocket and over REST (A2.4).

Written by the runner alone. Readers keep fields that they do not know (`extra="allow"`), so a newer
writer loses nothing on its way through an older reader.
"""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from agentbus.contracts.timestamps import Timestamp

SCHEMA_VERSION: Final = 1

TERMINAL_TYPES: Final = frozenset({"plan_completed", "plan_failed", "plan_canceled", "plan_rejected"})
"""The types after which a plan's agents say nothing more. Outside clients still may (`agent_message`)."""

STREAMING_TYPES: Final = frozenset({"agent_message_streaming", "agent_stream_start", "agent_stream_end"})
"""The types that go to `agent.streaming` only: seen live, never stored, without a `seq` of their own."""


class Message(BaseModel):
    """One thing that happened in a plan. `seq` orders it: from 1, without gaps."""

    model_config = ConfigDict(extra="allow", frozen=True)

    message_id: str = Field(min_length=1, description="Unique; the same when the message is published again.")
    plan_id: str = Field(min_length=1, max_length=128, description="The execution; the partition key.")
    seq: int = Field(ge=1, le=2**53, strict=True, description="Position in the plan, without gaps.")
    type: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="What happened.")
    agent_name: str = Field(description="Who, by name.")
    agent_type: str = Field(description="Who, by kind: agent, human, system or tool.")
    content: str = Field(description="What a person reads.")
    timestamp: Timestamp = Field(description="When, RFC 3339 UTC with microseconds.")
    payload: dict[str, Any] = Field(description="Typed per type, see payloads.py.")
    action_id: str | None = Field(description="The action that this belongs to.")
    parent_action_id: str | None = Field(description="The action around that one.")
    trace_id: str = Field(pattern=r"^[0-9a-f]{32}$", description="W3C trace id.")
    span_id: str = Field(pattern=r"^[0-9a-f]{16}$", description="W3C span id.")
    session_id: str
    workspace_id: str
    user_id: str
    attempt: int = Field(ge=1, strict=True, description="Which take-over of the plan produced it.")
    metadata: dict[str, Any]
    schema_version: int = Field(ge=1, strict=True)


class StreamingChunk(BaseModel):
    """A piece of text while an agent still writes it: live view only, on `agent.streaming`."""

    model_config = ConfigDict(extra="allow", frozen=True)

    plan_id: str = Field(min_length=1, max_length=128)
    type: str = Field(pattern=r"^agent_(message_streaming|stream_start|stream_end)$")
    stream_id: str = Field(description="The same for all chunks of one text.")
    chunk: int = Field(ge=0, description="Position in the stream.")
    agent_name: str
    agent_type: str
    content: str
    is_final: bool
    timestamp: Timestamp
    workspace_id: str
