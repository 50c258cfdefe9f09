"""Pydantic AI models and tools whose calls are actions: on the log, and never paid or done twice.

Used by the model team and `PydanticAITeam`. Needs the extra `model`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from genai_prices import calc_price
from pydantic import TypeAdapter
from pydantic_ai import ModelRetry, RunContext
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.toolsets import AbstractToolset, ToolsetTool, WrapperToolset
from pydantic_core import to_jsonable_python

from agentbus.runner.errors import ActionFailed
from agentbus.runner.team import Outcome, PlanContext

_RESPONSE: Final[TypeAdapter[ModelResponse]] = TypeAdapter(ModelResponse)
_TELLING: Final = ("part_kind", "content", "tool_name", "args", "tool_call_id")


class JournaledModel(WrapperModel):
    """A model whose every request is an action `model` of `agent`."""

    def __init__(self, wrapped: Model | str, plan: PlanContext, agent: str) -> None:
        super().__init__(wrapped)
        self._plan = plan
        self._agent = agent

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Asks the model, or gives what it answered before."""

        async def work() -> Outcome:
            response = await self.wrapped.request(messages, model_settings, model_request_parameters)
            return Outcome(_RESPONSE.dump_python(response, mode="json"), usage=usage_of(response))

        value = await self._plan.act(self._agent, "model", asked(self.wrapped, messages), work)
        return _RESPONSE.validate_python(value)


@dataclass
class JournaledToolset(WrapperToolset[Any]):
    """Tools whose every call is an action of `agent`. The model is told when one fails."""

    plan: PlanContext
    agent: str

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: ToolsetTool[Any]
    ) -> Any:
        """Calls the tool, or gives what it gave before."""

        async def work() -> Any:
            return to_jsonable_python(await self.wrapped.call_tool(name, tool_args, ctx, tool))

        try:
            return await self.plan.act(self.agent, name, to_jsonable_python(tool_args), work)
        except ActionFailed as failure:
            raise ModelRetry(failure.message) from failure


def journaled(
    toolsets: Sequence[AbstractToolset[Any]], plan: PlanContext, agent: str
) -> list[JournaledToolset]:
    """Returns the toolsets with every call an action."""
    return [JournaledToolset(toolset, plan, agent) for toolset in toolsets]


def asked(model: Model, messages: Sequence[ModelMessage]) -> dict[str, Any]:
    """Returns the arguments of a model action: what was asked, without times and ids that change."""
    dumped: list[dict[str, Any]] = ModelMessagesTypeAdapter.dump_python(list(messages), mode="json")
    told = [
        {"kind": message["kind"], "parts": [_told(part) for part in message["parts"]]} for message in dumped
    ]
    instructions = next(
        (message.get("instructions") for message in dumped if message.get("instructions")), None
    )
    return {"model": model.model_name, "instructions": instructions, "messages": told}


def _told(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: part[key] for key in _TELLING if part.get(key) is not None}


def usage_of(response: ModelResponse) -> dict[str, Any]:
    """Returns tokens, and the cost in US dollars where the price of this model at this address is known."""
    usage: dict[str, Any] = {
        "model": response.model_name,
        "requests": 1,
        "input_tokens": response.usage.input_tokens,
        "output_tokens": response.usage.output_tokens,
    }
    if response.model_name and response.provider_url:
        try:
            price = calc_price(response.usage, response.model_name, provider_api_url=response.provider_url)
        except (LookupError, ValueError):
            return usage
        usage["cost_usd"] = float(price.total_price)
    return usage
