"""The command line, piped: a script submits a plan, follows it, and reads its end from the exit code."""

import json
from pathlib import Path

from support.command_line import Ran, agentbus
from support.system import System


async def run(system: System, *arguments: str) -> Ran:
    names = {"AGENTBUS_URL": system.url, "AGENTBUS_TOKEN": system.token}
    return await agentbus("run", *arguments, environment=names)


async def test_a_plan_is_followed_line_by_line(system: System) -> None:
    ran = await run(system, "Do as told", "--team", "scripted")
    assert ran.code == 0, ran.err
    lines = ran.out.splitlines()
    assert any("plan created" in line for line in lines)
    assert any("plan completed" in line for line in lines)
    assert lines[-1] == "done"
    assert "\x1b" not in ran.out, "no colours or cursor movements in a pipe"


async def test_json_is_the_plan_and_nothing_else(system: System) -> None:
    ran = await run(system, "Do as told", "--team", "scripted", "--json")
    body = json.loads(ran.out)
    assert set(body) == {"plan", "team", "messages", "m_plan", "streaming_message"}
    assert body["messages"] == (await system.plan(body["plan"]["plan_id"]))["messages"]


async def test_what_cannot_be_run_is_told(system: System, tmp_path: Path) -> None:
    unknown = await run(system, "Do", "--team", "nobody")
    assert unknown.code == 1
    assert "nobody" in unknown.err or "team" in unknown.err
    missing = await run(system, "Do", "--dir", str(tmp_path / "absent"))
    assert missing.code == 1
    assert "is no directory" in missing.err


async def test_a_plan_that_fails_ends_with_another_code(system: System) -> None:
    ran = await run(system, "Review what?", "--team", "review", "--json")
    assert ran.code == 2, ran.err
    assert json.loads(ran.out)["plan"]["status"] == "failed"


async def test_nobody_there_is_told() -> None:
    names = {"AGENTBUS_URL": "http://127.0.0.1:9", "AGENTBUS_TOKEN": "x"}
    ran = await agentbus("run", "Do", environment=names)
    assert ran.code == 1
    assert "does not answer" in ran.err
