"""Teams made with other libraries run on agentbus, and what they did is not done again."""

from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from support.model_server import ToolCall, model_server
from support.plan_context import MemoryPlan

from agentbus.contracts.payloads import Team
from agentbus.kernel.errors import Fatal
from agentbus.runner.errors import ActionFailed
from agentbus.runner.examples.langgraph_outline import outline_team
from agentbus.runner.examples.pydantic_ai_arithmetic import arithmetic_team
from agentbus.runner.team import Report
from agentbus.runner.teams.langgraph_adapter import LangGraphTeam
from agentbus.runner.teams.registry import teams

GOAL = "Read all about durable execution of agents on logs"


class Settings:
    source_roots = (Path(),)

    def __init__(self, teams: str = "") -> None:
        self.teams = teams


async def test_each_run_of_a_graphs_node_is_an_action_and_a_message() -> None:
    plan = MemoryPlan(goal=GOAL)
    report = await outline_team().run(plan)
    assert [action.agent for action in plan.actions] == ["reader", "editor", "editor"]
    assert [agent for agent, _ in plan.said] == ["reader", "editor", "editor"]
    assert [step.id for step in plan.steps] == ["reader", "editor"]
    assert report.content == "After 2 rounds: agents, durable, execution"


def chat_graph(done: list[str], answer: Any) -> LangGraphTeam:
    async def speak(state: MessagesState) -> Any:
        done.append("speak")
        return answer

    builder = StateGraph(MessagesState)
    builder.add_node("speaker", speak)
    builder.add_edge(START, "speaker")
    builder.add_edge("speaker", END)
    return LangGraphTeam(
        Team(team_id="chat", name="Chat"),
        builder.compile(),
        lambda plan: {"messages": [("user", plan.goal)]},
        lambda state: Report(str(state["messages"][-1].content), str(len(state["messages"]))),
    )


async def test_a_node_is_not_run_again_after_a_crash_and_its_messages_come_back() -> None:
    done: list[str] = []
    team = chat_graph(done, {"messages": [AIMessage("hello", id="m1")]})
    first = MemoryPlan()
    before = await team.run(first)
    after = await team.run(MemoryPlan(journal=dict(first.journal)))
    assert before == after == Report("hello", "2")
    assert done == ["speak"]


async def test_a_node_that_gives_no_json_fails_with_its_name() -> None:
    with pytest.raises(ActionFailed, match="'speaker' works on a object"):
        await chat_graph([], {"messages": [AIMessage("x")], "other": object()}).run(MemoryPlan())


async def test_an_agents_requests_and_tools_are_actions_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("AGENTBUS_MODEL", "little-model")
    with model_server(ToolCall("add", {"numbers": [2, 40]}), "It is 42.") as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        team = arithmetic_team()
        first = MemoryPlan(goal="2 + 40?")
        before = await team.run(first)
        second = MemoryPlan(goal="2 + 40?", journal=dict(first.journal))
        after = await team.run(second)
        assert len(server.requests) == 2
    assert before == after == Report("It is 42.", "It is 42.")
    assert [(action.tool, action.error) for action in first.actions] == [
        ("model", None),
        ("add", None),
        ("model", None),
    ]
    assert first.actions[1].value == 42
    assert all(action.replayed for action in second.actions)


def test_the_registry_has_our_teams_and_the_users() -> None:
    known = teams(Settings("agentbus.runner.examples.langgraph_outline:outline_team"))
    assert set(known) == {"review", "model", "outline"}
    assert all(factory().card.team_id == team_id for team_id, factory in known.items())


@pytest.mark.parametrize(
    "entry", ["nowhere:team", "agentbus.runner.team:nothing", "pathlib:Path", "json", ":"]
)
def test_what_is_no_team_stops_the_runner_at_once(entry: str) -> None:
    with pytest.raises(Fatal, match="AGENTBUS_TEAMS"):
        teams(Settings(entry))
