"""What spans tell of agents, by OpenTelemetry's conventions for generative AI: the one place that knows them.

The conventions are in development. These are of the version below: a later one is taken up here alone. Ids,
names and usage only; what was asked, answered, given to tools or came of them is content, and in the log.
Called by whoever begins spans of agents. Source: github.com/open-telemetry/semantic-conventions, docs/gen-ai.
"""

from collections.abc import Mapping
from typing import Any, Final

CONVENTIONS: Final = "1.44.0"

Attributes = dict[str, Any]


def plan(plan_id: str, team: str) -> Attributes:
    """Returns the attributes of a plan's run: a conversation that a team is invoked for."""
    return {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": team,
        "gen_ai.conversation.id": plan_id,
    }


def action(plan_id: str, action_id: str, agent: str, tool: str) -> Attributes:
    """Returns the attributes of an action: a tool that an agent runs."""
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.agent.name": agent,
        "gen_ai.conversation.id": plan_id,
        "gen_ai.tool.call.id": action_id,
        "gen_ai.tool.name": tool,
    }


def usage(told: Mapping[str, Any] | None) -> Attributes:
    """Returns what an action used of a model: `told` is the `usage` of its message. None: of none.

    The cost has no convention yet.
    """
    if not told:
        return {}
    named = {
        "gen_ai.response.model": told.get("model"),
        "gen_ai.usage.input_tokens": told.get("input_tokens"),
        "gen_ai.usage.output_tokens": told.get("output_tokens"),
        "agentbus.usage.cost_usd": told.get("cost_usd"),
    }
    return {name: value for name, value in named.items() if isinstance(value, str | int | float)}
