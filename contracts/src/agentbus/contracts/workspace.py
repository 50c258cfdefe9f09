"""Tasks and environments of a workspace, and what tells of their changes on `workspace.changes` (B1, B2).

Documents are those that clients have always kept (compatibility.md section 2): fields that nobody here knows
are kept as they came. Written by the workspace service's relay alone; read by the gateway, whose sockets hand
changes on, and by the workspace service for its streams.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from agentbus.contracts.timestamps import Timestamp

SCHEMA_VERSION: Final = 1

DOCUMENT_MAX_BYTES: Final = 6_000_000
"""How long a document may be, as JSON in UTF-8: more than all that a browser's localStorage held."""

DocumentId = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
CollectionName = Literal["tasks", "environments"]
TaskStatus = Literal["IN_PROGRESS", "DONE", "MERGED", "PAUSED", "CANCELLED"]
ChangeOrigin = Literal["rest", "sync", "import", "plan", "undo"]


class Fields(BaseModel):
    """What all documents have. `updatedAt` is the server's; `_deleted` marks what a deleted one has left."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, alias_generator=to_camel)

    created_at: str | int | float | None = Field(default=None, description="As first written.")
    updated_at: str | int | float | None = Field(default=None, description="When the server took it in.")
    deleted: bool = Field(default=False, alias="_deleted")


class TaskFields(Fields):
    """A task, but for its id. The order of `messages` is theirs."""

    title: str = ""
    description: str | None = None
    messages: list[dict[str, Any]] = Field(default_factory=list)
    status: TaskStatus = "IN_PROGRESS"
    status_message: str | None = None
    branch: str | None = None
    repository: str | None = Field(default=None, description="`organization/name`.")
    session_id: str | None = None
    plan_id: str | None = Field(default=None, description="The plan that works on it, or did last.")
    is_archived: bool = False
    has_changes: bool = False
    mode: Literal["code", "ask"] | None = None
    pull_request: Any = None


class EnvironmentFields(Fields):
    """An environment, but for its id."""

    name: str = ""
    description: str | None = None
    github_organization: str | None = None
    github_repository: str | None = None
    secret_names: list[str] = Field(default_factory=list, description="Set by the server alone.")


class Task(TaskFields):
    """Something that a person wants done, with what was said about it."""

    id: DocumentId


class Environment(EnvironmentFields):
    """Where tasks run. Secrets have routes of their own; here are only the names of those that are set."""

    id: DocumentId


DOCUMENTS: Final[dict[str, type[Task] | type[Environment]]] = {"tasks": Task, "environments": Environment}
"""The model of each collection's documents."""

SERVER_FIELDS: Final = frozenset({"updatedAt", "secretNames"})
"""What clients say about these is not heard."""

SECRET_FIELDS: Final = frozenset({"githubToken"})
"""Fields that no document may have: secrets in clear text."""


class WorkspaceChange(BaseModel):
    """A document as it is after a change. `seq` orders the workspace's changes: from 1, without gaps."""

    model_config = ConfigDict(extra="allow", frozen=True)

    workspace_id: str = Field(min_length=1, max_length=128, description="The partition key.")
    seq: int = Field(ge=1, le=2**53, strict=True, description="Position in the workspace, without gaps.")
    collection: CollectionName
    id: str = Field(min_length=1, max_length=128, description="The document's.")
    document: dict[str, Any] = Field(
        description="The whole document; `_deleted` is true when it was deleted."
    )
    changed_at: Timestamp
    changed_by: str = Field(description="The user.")
    origin: ChangeOrigin = Field(description="By which way it came.")
    schema_version: int = Field(ge=1, strict=True)
