"""Problem details (RFC 9457): the one shape of every error answer. Written by the chassis of each service."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"


class FieldProblem(BaseModel):
    """What is wrong with one part of the request."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    field: str = Field(
        description="Where: `body.description`, `query.limit`, …", examples=["body.description"]
    )
    message: str = Field(examples=["String should have at least 1 character"])


class Problem(BaseModel):
    """An error for machines (`code`, stable) and people (`title`, `detail`)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: str = Field(default="about:blank", description="URI of this kind of problem.")
    title: str = Field(description="The status in words.", examples=["Unprocessable Content"])
    status: int = Field(ge=400, le=599, examples=[422])
    detail: str = Field(description="What happened, and what to do.", examples=["there is no team 'rewiev'"])
    code: str = Field(description="Stable name of the problem.", examples=["unknown_team"])
    instance: str | None = Field(default=None, description="The path that was asked for.")
    request_id: str | None = Field(default=None, description="Find the logs and the trace by this.")
    errors: list[FieldProblem] = Field(default_factory=list, description="Each part that is wrong.")
