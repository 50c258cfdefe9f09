"""The runner's settings, from `AGENTBUS_…` variables."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import NoDecode

from agentbus.chassis.settings import ServiceSettings


class RunnerSettings(ServiceSettings):
    """What an operator can set on a runner, beside what every service knows."""

    teams: Annotated[str, NoDecode] = Field(
        default="", description="More teams: module:attribute, comma separated."
    )
    max_running_plans: int = Field(
        default=64, ge=1, description="Plans worked on at once; waiting ones do not count."
    )
    action_limit_seconds: float = Field(default=300.0, gt=0)
    plan_limit_seconds: float = Field(
        default=3600.0, gt=0, description="Without the time that people take to answer."
    )
    max_resumptions: int = Field(
        default=10, ge=1, description="A plan fails that was gone on with more often and got no further."
    )
    remembered_plans: int = Field(
        default=1000,
        ge=1,
        description="Ended plans known without reading the log.",
    )
