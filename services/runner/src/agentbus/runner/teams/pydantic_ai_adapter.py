"""Runs a Pydantic AI agent as a team: each request to its model and each call of a tool is an action.

After a crash the agent is run again from the start, and what its model answered and its tools gave comes from
the log. Needs the extra `model`. Example: `agentbus.runner.examples.pydantic_ai_arithmetic`.
"""

from collections.abc import Callable
from typing import Any

from pydantic_ai import Agent

from agentbus.contracts.payloads import Step
from agentbus.contracts.payloads import Team as TeamCard
from agentbus.runner.errors import InputError
from agentbus.runner.team import PlanContext, Report
from agentbus.runner.teams.journaled_model import JournaledModel, journaled


def _goal(plan: PlanContext) -> str:
    return plan.goal


def _text(output: Any) -> Report:
    text = str(output)
    return Report(text, text.strip().partition("\n")[0][:200])


class PydanticAITeam:
    """A team of one agent; the card's first agent is who acts."""

    def __init__(
        self,
        card: TeamCard,
        agent: Agent[Any, Any],
        to_prompt: Callable[[PlanContext], str] = _goal,
        from_output: Callable[[Any], Report] = _text,
        deps: Any = None,
    ) -> None:
        self._card = card
        self._agent = agent
        self._to_prompt = to_prompt
        self._from_output = from_output
        self._deps = deps

    @property
    def card(self) -> TeamCard:
        """How clients see the team."""
        return self._card

    async def run(self, plan: PlanContext) -> Report:
        """Runs the agent on the plan's goal. Raises InputError when the agent has no model."""
        if self._agent.model is None:
            raise InputError("This agent was made without a model.", code="model_not_configured")
        name = self._card.agents[0].name if self._card.agents else self._card.team_id
        await plan.propose([Step(id="run", agent=name, description=self._card.description or plan.goal)])
        model = JournaledModel(self._agent.model, plan, name)
        toolsets = journaled(self._agent.toolsets, plan, name)
        with self._agent.override(model=model, toolsets=toolsets, tools=[]):
            result = await self._agent.run(self._to_prompt(plan), deps=self._deps)
        report = self._from_output(result.output)
        await plan.say(name, report.summary)
        return report
