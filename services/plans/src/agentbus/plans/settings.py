"""The plan service's settings: what every service knows (`agentbus.chassis.settings`), and these."""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import NoDecode

from agentbus.chassis.settings import ServiceSettings


class PlansSettings(ServiceSettings):
    """All from the environment, `AGENTBUS_…`."""

    body_limit_bytes: int = Field(default=1_000_000, ge=1)
    teams: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="More teams that the runners have: `module:attribute` as theirs, or just the team's id.",
    )
    start_valid_seconds: float = Field(
        default=4.0, gt=0, description="A start that Kafka takes later than this is void."
    )
    acknowledge_seconds: float = Field(
        default=5.0, gt=0, description="How long Kafka may take to acknowledge; then the answer is 503."
    )
    lookup_seconds: float = Field(
        default=5.0, gt=0, description="How long it may take to find a plan that is not stored yet."
    )
    wait_limit_seconds: int = Field(default=120, ge=1, description="The longest `Prefer: wait`.")
    waits_limit: int = Field(default=500, ge=0, description="Requests that wait at once; others do not wait.")
    stored_wait_seconds: float = Field(default=10.0, gt=0, description="How long a read waits for `min_seq`.")

    @field_validator("teams", mode="before")
    @classmethod
    def _split_teams(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @model_validator(mode="after")
    def _void_before_refused(self) -> Self:
        if self.start_valid_seconds > self.acknowledge_seconds:
            raise ValueError("a start must be void by the time that its caller is refused")
        return self
