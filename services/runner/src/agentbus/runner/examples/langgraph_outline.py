"""A LangGraph team without a model: outlines the goal's words, and goes round until the outline is short."""

from typing import TypedDict

from langgraph.graph import END, START, StateGraph

from agentbus.contracts.payloads import Agent, Team
from agentbus.runner.team import PlanContext, Report
from agentbus.runner.teams.langgraph_adapter import LangGraphTeam

_CARD = Team(
    team_id="outline",
    name="Outline",
    description="Outlines the goal.",
    agents=[
        Agent(name="reader", description="Finds the words."),
        Agent(name="editor", description="Shortens."),
    ],
)


class Outline(TypedDict, total=False):
    """The graph's state."""

    goal: str
    words: list[str]
    rounds: int


async def _read(state: Outline) -> Outline:
    return {"words": sorted(set(state["goal"].lower().split())), "rounds": 0}


async def _edit(state: Outline) -> Outline:
    longest = sorted(state["words"], key=len, reverse=True)[: max(3, len(state["words"]) // 2)]
    return {"words": sorted(longest), "rounds": state["rounds"] + 1}


def _more(state: Outline) -> str:
    return "editor" if len(state["words"]) > 3 else END


def outline_team() -> LangGraphTeam:
    """Returns the team."""
    builder = StateGraph(Outline)
    builder.add_node("reader", _read)
    builder.add_node("editor", _edit)
    builder.add_edge(START, "reader")
    builder.add_conditional_edges("reader", _more)
    builder.add_conditional_edges("editor", _more)
    return LangGraphTeam(_CARD, builder.compile(), _input, _report)


def _input(plan: PlanContext) -> Outline:
    return {"goal": plan.goal}


def _report(state: Outline) -> Report:
    words = ", ".join(state["words"])
    return Report(f"After {state['rounds']} rounds: {words}", words)
