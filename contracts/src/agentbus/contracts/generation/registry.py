"""Which models have a published schema, and under which name: `<name>.v<version>`, as in the `schema` header.

A model in the contracts that no entry reaches is an orphan, and the contract tests fail on it.
"""

import re
from typing import Any, Final

from pydantic import TypeAdapter

from agentbus.contracts import frames, workspace_frames
from agentbus.contracts.access import ACCESS_CHANGE
from agentbus.contracts.alerts import AlertChange
from agentbus.contracts.audit import AuditEntry
from agentbus.contracts.commands import COMMAND
from agentbus.contracts.http import (
    access,
    dialect,
    imports,
    observability,
    observed_errors,
    observed_plans,
    plans,
    problems,
)
from agentbus.contracts.http import alerts as alert_bodies
from agentbus.contracts.http import workspace as workspace_bodies
from agentbus.contracts.message import Message, StreamingChunk
from agentbus.contracts.payloads import PAYLOADS
from agentbus.contracts.plan_record import PlanRecord
from agentbus.contracts.presence import WorkspacePresence
from agentbus.contracts.workspace import Environment, Task, WorkspaceChange

VALUES: Final[dict[str, TypeAdapter[Any]]] = {
    "message.v1": TypeAdapter(Message),
    "streaming_chunk.v1": TypeAdapter(StreamingChunk),
    "command.v1": COMMAND,
    "plan_record.v1": TypeAdapter(PlanRecord),
    "access_change.v1": ACCESS_CHANGE,
    "audit_entry.v1": TypeAdapter(AuditEntry),
    "workspace_change.v1": TypeAdapter(WorkspaceChange),
    "workspace_presence.v1": TypeAdapter(WorkspacePresence),
    "alert_change.v1": TypeAdapter(AlertChange),
}
"""What stands in a Kafka record's value."""

PAYLOAD_SCHEMAS: Final[dict[str, TypeAdapter[Any]]] = {
    f"payload.{message_type}.v1": TypeAdapter(model) for message_type, model in sorted(PAYLOADS.items())
}
"""What stands in a message's `payload`, per message type."""

FRAME_SCHEMAS: Final[dict[str, TypeAdapter[Any]]] = {
    "frame.v1": TypeAdapter(frames.Frame),
    "frame.connection_established.v1": TypeAdapter(frames.ConnectionEstablished),
    "frame.authenticate.v1": TypeAdapter(frames.AuthenticateData),
    "frame.authenticated.v1": TypeAdapter(frames.Authenticated),
    "frame.ping.v1": TypeAdapter(frames.Pong),
    "frame.pong.v1": TypeAdapter(frames.Pong),
    "frame.error_message.v1": TypeAdapter(frames.FrameError),
    "frame.plan_approval_response.v1": TypeAdapter(frames.ApprovalData),
    "frame.user_clarification_response.v1": TypeAdapter(frames.ClarificationData),
}
"""A WebSocket frame, and what its `data` is where it is no message of the plan."""

WORKSPACE_FRAME_SCHEMAS: Final[dict[str, TypeAdapter[Any]]] = {
    "workspace_frame.connection_established.v1": TypeAdapter(workspace_frames.WorkspaceConnected),
    "workspace_frame.resync.v1": TypeAdapter(workspace_frames.Resync),
    "workspace_frame.presence.v1": TypeAdapter(workspace_frames.Presence),
    "workspace_frame.authenticated.v1": TypeAdapter(workspace_frames.WorkspaceAuthenticated),
    "workspace_frame.error_message.v1": TypeAdapter(workspace_frames.WorkspaceFrameError),
}
"""The same of a workspace's socket, where it is no change and not as a plan's frame."""

HTTP_BODIES: Final[dict[str, TypeAdapter[Any]]] = {
    model.__name__: TypeAdapter(model)
    for model in (
        plans.ProcessRequest,
        plans.PlanAccepted,
        plans.PlanOutcome,
        plans.PlanApproval,
        plans.UserClarification,
        plans.AgentMessage,
        plans.CancelRequest,
        plans.CommandAccepted,
        plans.PlanWithMessages,
        dialect.PlanInDialect,
        plans.HealthAnswer,
        access.NewApiKey,
        access.ListedApiKey,
        access.CreatedApiKey,
        access.MemberRole,
        access.Member,
        access.NewRevocation,
        access.Revoked,
        problems.Problem,
        Task,
        Environment,
        workspace_bodies.NewTask,
        workspace_bodies.NewEnvironment,
        workspace_bodies.DocumentPatch,
        workspace_bodies.ListedWorkspace,
        workspace_bodies.Pulled,
        workspace_bodies.PushRow,
        workspace_bodies.HistoryEntry,
        workspace_bodies.Conflict,
        workspace_bodies.SecretValue,
        workspace_bodies.ListedSecret,
        imports.NewImport,
        imports.ConfirmImport,
        imports.ImportReport,
        imports.UndoneImport,
        alert_bodies.AlertWithHistory,
        alert_bodies.Acknowledgement,
        alert_bodies.NewSilence,
        alert_bodies.Silence,
        alert_bodies.NewLimit,
        alert_bodies.Limit,
        alert_bodies.SystemHealth,
        alert_bodies.HealthHistory,
        observability.FiguresAnswer,
        observability.SeriesAnswer,
        observability.LiveAnswer,
        observed_plans.ObservedPlan,
        observed_plans.Timeline,
        observed_plans.PlanBottlenecks,
        observability.BottlenecksAnswer,
        observed_errors.ErrorGroup,
        observed_errors.ErrorDetail,
        observed_errors.ErrorEvent,
    )
}
"""What stands in requests and answers; published in the OpenAPI document and as TypeScript types."""

SCHEMAS: Final = VALUES | PAYLOAD_SCHEMAS | FRAME_SCHEMAS | WORKSPACE_FRAME_SCHEMAS


def schema_header(model_name: str) -> str:
    """Returns the `schema` header of records whose value is the model `model_name` (`PlanRecord`)."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", model_name).lower() + ".v1"
