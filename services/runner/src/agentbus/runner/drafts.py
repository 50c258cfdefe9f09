"""A draft: what a message says, before the plan's log gives it its number, time and ids."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

SYSTEM: Final = "system"


@dataclass(frozen=True)
class Draft:
    """The part of a message that its author decides."""

    type: str
    agent_name: str = "runner"
    agent_type: str = SYSTEM
    content: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    action_id: str | None = None
    parent_action_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
