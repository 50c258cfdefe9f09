"""Bodies of the import from localStorage (decision 0027): what clients send, what they are told (E)."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from agentbus.contracts.http.plans import Request
from agentbus.contracts.timestamps import Timestamp
from agentbus.contracts.workspace import CollectionName, Environment, Task

Outcome = Literal["imported", "unchanged", "conflict", "failed"]
ImportState = Literal["dry_run", "refused", "applied", "confirmed", "undone"]
Form = Literal["persist", "bare", "list"]
Note = Literal[
    "token_left_out", "token_came_in_clear", "secret_cut_out", "characters_replaced", "kept_at_undo"
]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class NewImport(Request):
    """Raw values of localStorage. Tokens are taken out before they are sent: `[removed]` stands there."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "values": {
                        "task-store": '{"state":{"tasks":[{"id":"t1","title":"Mend it"}]},"version":0}',
                        "environments": None,
                    }
                }
            ]
        }
    )

    values: dict[str, str | None] = Field(
        description="By key, as `localStorage.getItem` gave them; null: there was none."
    )
    only_sound: bool = Field(
        default=False,
        description="Import what is sound although something is not: a person has seen the report.",
    )


class ConfirmImport(Request):
    """What the client itself counted and hashed in its localStorage (decision 0027)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"count": 1, "content_hash": "0" * 64}]})

    count: int = Field(ge=0)
    content_hash: Digest


class ImportSource(BaseModel):
    """A key of localStorage and what became of it."""

    key: str
    form: Form | None = Field(description="`persist`: as zustand writes it.")
    found: int = Field(ge=0, description="Items in it.")
    code: str | None = Field(description="`unknown_key` is left alone; others are failures.")
    problem: str | None = Field(description="Why it could not be read, for people.")


class ImportItem(BaseModel):
    """A task or environment in localStorage and what became of it."""

    collection: CollectionName
    key: str = Field(description="Where it stood in localStorage.")
    index: int = Field(ge=0, description="Where it stood in that key's list, from 0.")
    id: str | None
    outcome: Outcome
    code: str | None = Field(description="Of a failure.")
    reason: str | None = Field(description="For people.")
    content_hash: Digest | None = Field(description="Of what the client holds; none: failed.")
    notes: list[Note]


class ImportCounts(BaseModel):
    """Items by outcome."""

    imported: int = Field(ge=0)
    unchanged: int = Field(ge=0)
    conflict: int = Field(ge=0)
    failed: int = Field(ge=0)


class ImportReport(BaseModel):
    """What an import found and did, item by item.

    `applied`, `confirmed`: everything sound is in the database. `refused`: something was not sound, nothing
    was written. `dry_run`: nothing was written. `undone`: what it had brought was taken back.
    """

    import_id: str | None = Field(description="Null when nothing was written.")
    state: ImportState
    sources: list[ImportSource]
    counts: ImportCounts
    items: list[ImportItem]
    count: int = Field(ge=0, description="Different items that did not fail.")
    content_hash: Digest = Field(
        description="Of those; `applied`: as re-read from the database after the transaction's end."
    )
    created_at: Timestamp
    created_by: str
    confirmed_at: Timestamp | None
    undone_at: Timestamp | None


class UndoneImport(BaseModel):
    """An import that was taken back, and all that it had brought, so that a client can keep it again."""

    report: ImportReport
    tasks: list[Task]
    environments: list[Environment]
