"""The model team plans and writes with a model over real HTTP, pays nothing twice, outlives a bad model."""

import json
from pathlib import Path

import pytest
from support.model_server import ModelServer, Refusal, model_server
from support.plan_context import MemoryPlan

from agentbus.runner.errors import InputError
from agentbus.runner.team import Report
from agentbus.runner.teams.model.team import ModelTeam
from agentbus.runner.teams.review.toolbox import Toolbox

CHOICE = json.dumps({"steps": [{"tool": "markers", "purpose": "open work"}, {"tool": "rm -rf"}]})
TEXT = "# Verdict\n\nOne thing is open: `a.py:1`. Otherwise fine.\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_text("# TODO: later\nx = 1\n")
    return tmp_path


def use(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("AGENTBUS_MODEL", "little-model")


async def run(tree: Path, plan: MemoryPlan | None = None) -> tuple[Report, MemoryPlan]:
    plan = plan or MemoryPlan(goal="What is open?", inputs={"dir": str(tree)})
    return await ModelTeam(Toolbox([tree])).run(plan), plan


async def test_the_model_chooses_the_steps_and_writes_the_report(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model_server(CHOICE, TEXT) as server:
        use(server, monkeypatch)
        report, plan = await run(tree)
    assert plan.tools() == ["list_files", "model", "markers", "model"]
    assert plan.steps[0].description.endswith("open work")
    assert report.content.startswith(TEXT)
    assert "`a.py:1` TODO: later" in report.content
    assert len(plan.streams[0].pieces) > 3
    assert ("reporter", TEXT) in plan.said
    usage = [action.usage for action in plan.actions if action.tool == "model"]
    expected = {"model": "little-model", "requests": 1, "input_tokens": 120, "output_tokens": 30}
    assert usage == [expected, expected]
    assert "TODO: later" in json.dumps(server.requests[1])


async def test_after_a_crash_no_answer_is_paid_again(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with model_server(CHOICE, TEXT) as server:
        use(server, monkeypatch)
        before, first = await run(tree)
        again = MemoryPlan(goal=first.goal, inputs=first.inputs, journal=dict(first.journal))
        after, second = await run(tree, again)
        assert len(server.requests) == 2
    assert after == before
    assert all(action.replayed for action in second.actions)
    assert ("reporter", TEXT) in second.said


async def test_what_the_tools_found_is_reported_when_the_model_refuses(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model_server(Refusal(401), Refusal(401)) as server:
        use(server, monkeypatch)
        report, plan = await run(tree)
    assert len(plan.steps) > 5
    assert "The model could not write the report" in report.content
    assert "`a.py:1`" in report.content
    assert "sk-test" not in report.content + json.dumps(plan.said)


async def test_a_plan_that_makes_no_sense_means_all_tools(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with model_server("what?", "no", "never", TEXT) as server:
        use(server, monkeypatch)
        report, plan = await run(tree)
    assert "markers" in plan.tools()
    assert "secrets" in plan.tools()
    assert report.content.startswith(TEXT)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "OPENAI_API_KEY"),
        ({"OPENAI_API_KEY": "sk"}, "AGENTBUS_MODEL"),
        ({"AGENTBUS_MODEL": "m"}, "OPENAI_BASE_URL"),
    ],
)
async def test_without_a_model_it_says_what_to_set(
    tree: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "AGENTBUS_MODEL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=told) as refusal:
        await run(tree)
    assert refusal.value.code == "model_not_configured"


async def test_without_the_extra_it_says_what_to_install(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTBUS_MODEL", "m")
    monkeypatch.setenv("OPENAI_API_KEY", "sk")
    monkeypatch.setitem(__import__("sys").modules, "agentbus.runner.teams.model.writer", None)
    with pytest.raises(InputError, match=r"agentbus-runner\[model\]"):
        await run(tree)
