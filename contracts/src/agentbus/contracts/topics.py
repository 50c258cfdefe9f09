"""The topics, one YAML file each in `contracts/topics`, read as data."""

from functools import cache
from importlib.resources import files
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

COMMANDS: Final = "agent.commands"
PLANS: Final = "agent.plans"
MESSAGES: Final = "agent.messages"
STREAMING: Final = "agent.streaming"
ACCESS_CHANGES: Final = "access.changes"
AUDIT_LOG: Final = "audit.log"
WORKSPACE_CHANGES: Final = "workspace.changes"
WORKSPACE_PRESENCE: Final = "workspace.presence"
TELEMETRY_ALERTS: Final = "telemetry.alerts"


class Topic(BaseModel):
    """A topic's whole life: who writes it, who reads it, how it is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str
    key: str
    partitions: int = Field(ge=1)
    schema_name: str = Field(alias="schema", description="The model of its values, in this package.")
    producers: list[str]
    groups: list[str] = Field(description="Consumer groups: each shares the partitions and commits offsets.")
    tailers: list[str] = Field(
        default_factory=list, description="Services that read every partition, without a group."
    )
    dead_letter: list[str] = Field(
        default_factory=list, description="The groups that have `<topic>.<group>.dlq`."
    )
    config: dict[str, str] = Field(description="Kafka topic settings.")


@cache
def topics() -> dict[str, Topic]:
    """Returns every topic by name, as declared in the package's `topics/*.yaml`."""
    folder = files("agentbus.contracts") / "topics"
    read = [
        Topic.model_validate(yaml.safe_load(entry.read_text()))
        for entry in folder.iterdir()
        if entry.name.endswith(".yaml")
    ]
    return {topic.name: topic for topic in sorted(read, key=lambda topic: topic.name)}


def dead_letter_topic(topic: str, group: str) -> str:
    """Returns the name of the topic that holds what `group` could not read of `topic`."""
    return f"{topic}.{group}.dlq"
