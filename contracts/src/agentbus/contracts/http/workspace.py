"""Bodies of the workspace service: REST, history, conflicts, secrets, and RxDB's replication protocol.

Documents themselves are in `agentbus.contracts.workspace`; they are served as stored.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from agentbus.contracts.access import RoleName
from agentbus.contracts.http.plans import Request
from agentbus.contracts.timestamps import Timestamp
from agentbus.contracts.workspace import (
    ChangeOrigin,
    CollectionName,
    DocumentId,
    Environment,
    EnvironmentFields,
    Task,
    TaskFields,
)

SecretName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]


class NewTask(TaskFields):
    """A task as a client makes it; without an `id` it is given one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"title": "Mend the parser", "status": "IN_PROGRESS", "mode": "code"}]
        }
    )

    id: DocumentId | None = None


class NewEnvironment(EnvironmentFields):
    """An environment as a client makes it; without an `id` it is given one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Website", "githubOrganization": "acme", "githubRepository": "site"}]
        }
    )

    id: DocumentId | None = None


class DocumentPatch(BaseModel):
    """A JSON merge patch (RFC 7396): null removes a field, objects merge, all else replaces."""

    model_config = ConfigDict(
        extra="allow", frozen=True, json_schema_extra={"examples": [{"status": "DONE"}]}
    )


class ListedWorkspace(BaseModel):
    """A workspace of the caller's."""

    workspace_id: str = Field(examples=["default"])
    role: RoleName = Field(description="What the caller may do there.")
    seq: int = Field(ge=0, description="The newest change; 0 before the first.")


class Checkpoint(BaseModel):
    """Up to where a client has read: a position in the workspace's sequence."""

    seq: int = Field(ge=0)


class Pulled(BaseModel):
    """Documents that changed after the checkpoint, in order; fewer than asked for: caught up."""

    documents: list[Task | Environment]
    checkpoint: Checkpoint


class PushRow(Request):
    """A client's state of one document, and the server's state that it was made from."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "newDocumentState": {"id": "t1", "title": "Mend it", "status": "DONE"},
                    "assumedMasterState": {"id": "t1", "title": "Mend it", "status": "IN_PROGRESS"},
                }
            ]
        }
    )

    new_document_state: dict[str, Any] = Field(alias="newDocumentState")
    assumed_master_state: dict[str, Any] | None = Field(
        default=None, alias="assumedMasterState", description="Absent for a new document."
    )


class HistoryEntry(BaseModel):
    """A change, for the record: who, when, from where, what before, what after (B1.2)."""

    seq: int
    collection: CollectionName
    id: str
    action: Literal["created", "updated", "deleted"]
    changed_at: Timestamp
    changed_by: str
    origin: ChangeOrigin
    address: str | None = Field(description="Where the request came from; null: from inside.")
    before: dict[str, Any] | None = Field(description="Null when it was created.")
    after: dict[str, Any]


class Undone(BaseModel):
    """Who took it back, and the change that did."""

    by: str
    at: Timestamp
    seq: int


class Conflict(BaseModel):
    """Two people changed the same fields at once, or a client sent what cannot be kept (B2.5).

    `conflict`: the last write wins, field by field; the other values are here, and `undo` puts them back.
    `rejected`: nothing of `client` was written, for `reason`.
    """

    number: int = Field(ge=1, description="Its name in the workspace.")
    kind: Literal["conflict", "rejected"]
    collection: CollectionName
    id: str
    fields: list[str] = Field(description="What both had changed.")
    client: dict[str, Any] = Field(description="The document as this client wanted it.")
    server: dict[str, Any] | None = Field(description="The document as it stood; null: there was none.")
    server_seq: int = Field(ge=0, description="The change that made it so; 0: there was none.")
    server_changed_by: str | None = Field(description="Whose change that was.")
    reason: str = Field(description="For people.")
    recorded_at: Timestamp
    recorded_by: str = Field(description="The client's user.")
    undone: Undone | None


class SecretValue(Request):
    """A secret of an environment. It is encrypted, and never given out again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"value": "correct horse battery staple"}]})

    value: str = Field(min_length=1, max_length=65_536, repr=False)


class ListedSecret(BaseModel):
    """That a secret is set, and since when."""

    name: SecretName
    updated_at: Timestamp
    updated_by: str
