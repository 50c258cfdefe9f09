"""Runs a compiled LangGraph graph as a team: each run of a node is an action of an agent with its name.

After a crash the graph is run again from its input, and what its nodes gave comes from the log, so no node
that ended is run twice. What nodes give must be JSON or LangChain messages. Needs the extra `langgraph`.
Example: `agentbus.runner.examples.langgraph_outline`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from langchain_core.messages import BaseMessage, message_to_dict, messages_from_dict
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langgraph.pregel import Pregel

from agentbus.contracts.payloads import Step
from agentbus.contracts.payloads import Team as TeamCard
from agentbus.runner.errors import InputError
from agentbus.runner.team import PlanContext, Report

_START: Final = "__start__"
_MESSAGE: Final = "langchain_message"


class LangGraphTeam:
    """A team whose agents are a graph's nodes."""

    def __init__(
        self,
        card: TeamCard,
        graph: Pregel[Any, Any, Any, Any],
        to_input: Callable[[PlanContext], Any],
        from_state: Callable[[Any], Report],
    ) -> None:
        self._card = card
        self._graph = graph
        self._to_input = to_input
        self._from_state = from_state

    @property
    def card(self) -> TeamCard:
        """How clients see the team."""
        return self._card

    async def run(self, plan: PlanContext) -> Report:
        """Runs the graph to its end. Raises ActionFailed when a node does or gives what is no JSON."""
        names = [name for name in self._graph.nodes if name != _START]
        await plan.propose([Step(id=name, agent=name, description=f"Run {name}") for name in names])
        state: Any = None
        graph = _journaled(self._graph, plan)
        async for mode, part in graph.astream(self._to_input(plan), stream_mode=["updates", "values"]):
            if mode == "values":
                state = part
            else:
                await _tell(plan, part)
        return self._from_state(state)


async def _tell(plan: PlanContext, updates: Any) -> None:
    for node, update in updates.items():
        if node != _START and update:
            keys = ", ".join(update) if isinstance(update, Mapping) else type(update).__name__
            await plan.say(node, f"{node} gave {keys}", update=_as_json(node, update))


def _journaled(graph: Pregel[Any, Any, Any, Any], plan: PlanContext) -> Pregel[Any, Any, Any, Any]:
    """Returns the graph with each node's own work, without the writing of its channels, as an action."""
    nodes = {
        name: node if name == _START else node.copy({"bound": _as_action(name, node.bound, plan)})
        for name, node in graph.nodes.items()
    }
    return graph.copy({"nodes": nodes})


def _as_action(name: str, bound: Runnable[Any, Any], plan: PlanContext) -> Runnable[Any, Any]:
    async def act(state: Any, config: RunnableConfig) -> Any:
        async def work() -> Any:
            return _as_json(name, await bound.ainvoke(state, config))

        value = await plan.act(name, "node", {"state": _without_ids(_as_json(name, state))}, work)
        return _from_json(value)

    return RunnableLambda(act, name=name)


def _as_json(node: str, value: Any) -> Any:
    """Returns `value` as JSON; raises InputError when it is neither that nor a LangChain message."""
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, BaseMessage):
        return {_MESSAGE: message_to_dict(value)}
    if isinstance(value, Mapping):
        return {str(key): _as_json(node, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(node, item) for item in value]
    kind = type(value).__name__
    message = f"The node {node!r} works on a {kind}, which is neither JSON nor a LangChain message."
    raise InputError(message, code="node_value_not_json")


def _without_ids(value: Any) -> Any:
    """Returns `value` without the messages' ids: LangGraph gives random ones to those that have none."""
    if isinstance(value, dict):
        if value.keys() == {_MESSAGE}:
            told = value[_MESSAGE]
            return {**told, "data": {key: item for key, item in told["data"].items() if key != "id"}}
        return {key: _without_ids(item) for key, item in value.items()}
    return [_without_ids(item) for item in value] if isinstance(value, list) else value


def _from_json(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_MESSAGE}:
            return messages_from_dict([value[_MESSAGE]])[0]
        return {key: _from_json(item) for key, item in value.items()}
    return [_from_json(item) for item in value] if isinstance(value, list) else value
