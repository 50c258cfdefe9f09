"""A Pydantic AI team with one tool. Its model is the one of OPENAI_BASE_URL and AGENTBUS_MODEL."""

from openai import AsyncOpenAI
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from agentbus.contracts.payloads import Agent as AgentCard
from agentbus.contracts.payloads import Team
from agentbus.runner.teams.model.configuration import ModelConfiguration
from agentbus.runner.teams.pydantic_ai_adapter import PydanticAITeam

_CARD = Team(
    team_id="arithmetic",
    name="Arithmetic",
    description="Answers with sums that are right.",
    agents=[AgentCard(name="clerk", description="Calculates with a tool.")],
)


def add(numbers: list[int]) -> int:
    """Returns the sum of the numbers."""
    return sum(numbers)


def arithmetic_team() -> PydanticAITeam:
    """Returns the team. Raises InputError when no model is configured."""
    configuration = ModelConfiguration.load()
    key = configuration.api_key.get_secret_value() or "none"
    client = AsyncOpenAI(base_url=configuration.base_url, api_key=key)
    model = OpenAIChatModel(configuration.model, provider=OpenAIProvider(openai_client=client))
    return PydanticAITeam(_CARD, Agent(model, tools=[add], instructions="Use the tool for sums."))
