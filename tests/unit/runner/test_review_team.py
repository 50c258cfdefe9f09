"""The review team does real work with real tools on real trees, and nothing in a tree stops it."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.plan_context import MemoryPlan

from agentbus.contracts.teams import REVIEW
from agentbus.runner.errors import InputError
from agentbus.runner.team import Report
from agentbus.runner.teams.review.team import ReviewTeam
from agentbus.runner.teams.review.toolbox import Toolbox, ToolLimits

REPOSITORY = Path(__file__).resolve().parents[3]
AWS_KEY = "AKIA" + "Z7Q3VHK2LM4TNP5W"
PASSWORD = "correct-horse-" + "battery-9"

APP = f'''import os
import subprocess

# TODO: split this
# FIXME password: {PASSWORD}
KEY = "{AWS_KEY}"
password = "{PASSWORD}"


def run(command):
    unused = 1
    return subprocess.call(command, shell=True)


def never_called():
    return missing_name


def branches(x):
'''


def write_app(folder: Path) -> None:
    body = "".join(f"    if x == {number}:\n        return {number + 1}\n" for number in range(40))
    (folder / "app.py").write_text(APP + body)
    (folder / "broken.py").write_text("def f(:\n")
    (folder / "latin.py").write_bytes("# -*- coding: latin-1 -*-\nname = 'Zo\xeb'\n".encode("latin-1"))
    (folder / "picture.png").write_bytes(b"\x89PNG\0\0" + bytes(range(256)))
    (folder / "web.ts").write_text("export function f(a: number): number { return a }\nconst = ;\n")
    (folder / "main.go").write_text("package main\n\nfunc main() {}\n")
    (folder / "main_test.go").write_text("package main\n")
    (folder / "package.json").write_text('{"license": "MIT", "dependencies": {"left-pad": "*"}}')
    (folder / "LICENSE").write_text("Apache License\nVersion 2.0, January 2004\n")
    (folder / "requirements.txt").write_text("flask\nrequests==2.0\ngit+https://user:tok@example.com/x.git\n")
    (folder / "passwd").symlink_to("/etc/passwd")
    copied = "".join(f"total_{number} = compute({number})\n" for number in range(20))
    (folder / "copy_a.py").write_text(copied)
    (folder / "copy_b.py").write_text("first = 1\n" + copied)


async def review(folder: Path, plan: MemoryPlan | None = None, **limits: float) -> tuple[Report, MemoryPlan]:
    plan = plan or MemoryPlan(inputs={"dir": str(folder)})
    toolbox = Toolbox([folder], ToolLimits(**limits))  # type: ignore[arg-type]
    return await ReviewTeam(toolbox).run(plan), plan


def findings(plan: MemoryPlan) -> list[dict[str, Any]]:
    return [found for action in plan.actions for found in (action.value or {}).get("findings", [])]


async def test_each_kind_of_flaw_is_found_at_its_place(tmp_path: Path) -> None:
    write_app(tmp_path)
    report, plan = await review(tmp_path)
    assert {action.error for action in plan.actions} == {None}
    places = {(found["path"], found["line"], found["category"]) for found in findings(plan)}
    assert {
        ("app.py", 1, "dead code"),
        ("app.py", 4, "open work"),
        ("app.py", 6, "secret"),
        ("app.py", 7, "secret"),
        ("app.py", 12, "security"),
        ("app.py", 15, "dead code"),
        ("app.py", 16, "lint"),
        ("app.py", 19, "complexity"),
        ("broken.py", 1, "syntax"),
        ("web.ts", 2, "syntax"),
        ("copy_b.py", 2, "duplicate"),
        ("package.json", 1, "dependency"),
        ("package.json", 1, "licence"),
        ("requirements.txt", 1, "dependency"),
    } <= places
    assert "`app.py:12`" in report.content
    assert report.summary.startswith("Reviewed 12 files")
    assert "symbolic link that leaves the tree" in report.content
    high, low = report.content.index("## High"), report.content.index("## Low")
    assert high < report.content.index("`broken.py:1`") < low


async def test_no_secret_reaches_the_report_or_the_log(tmp_path: Path) -> None:
    write_app(tmp_path)
    report, plan = await review(tmp_path)
    log = (
        report.content + report.summary + json.dumps([vars(action) for action in plan.actions], default=vars)
    )
    log += json.dumps(plan.said)
    for secret in (AWS_KEY, PASSWORD, "user:tok"):
        assert secret not in log


async def test_the_agents_of_the_card_do_the_steps_they_proposed(tmp_path: Path) -> None:
    write_app(tmp_path)
    _, plan = await review(tmp_path)
    assert plan.actions[0].tool == "list_files"
    assert sorted(plan.tools()[1:]) == sorted(step.id for step in plan.steps)
    names = {agent.name for agent in REVIEW.agents}
    assert {action.agent for action in plan.actions} | {agent for agent, _ in plan.said} == names
    assert plan.steps_done[-1] == len(plan.steps) + 1


async def test_after_a_crash_nothing_is_done_again_and_the_report_is_the_same(tmp_path: Path) -> None:
    write_app(tmp_path)
    before, first = await review(tmp_path)
    (tmp_path / "app.py").unlink()
    after, second = await review(
        tmp_path, MemoryPlan(inputs={"dir": str(tmp_path)}, journal=dict(first.journal))
    )
    assert after == before
    assert all(action.replayed for action in second.actions)


async def test_an_empty_directory_is_reported_as_that(tmp_path: Path) -> None:
    report, plan = await review(tmp_path)
    assert report.summary == "There are no files to review in this directory."
    assert plan.steps == []


async def test_a_tree_without_python_is_not_given_to_python_tools(tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text("package main\n\nfunc main() {}\n")
    report, plan = await review(tmp_path)
    assert not {"lint", "complexity", "dead_code", "security"} & set(plan.tools())
    assert "Go 3" in report.content


@pytest.mark.parametrize("inputs", [{}, {"dir": ""}, {"dir": 3}, {"dir": "/etc"}, {"dir": "nowhere"}])
async def test_a_tree_that_cannot_be_reviewed_is_refused(tmp_path: Path, inputs: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        await review(tmp_path, MemoryPlan(inputs=inputs))


async def test_a_tool_that_fails_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    report, plan = await review(tmp_path, memory_bytes=12 * 1024**2)
    assert all(action.error for action in plan.actions[1:])
    assert "tools failed" in report.summary
    assert "- inventory failed" in report.content


async def test_hostile_text_stays_text(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# TODO: <script>alert(1)</script> ](http://evil) | `x`\n")
    report, _ = await review(tmp_path)
    assert "<script>" not in report.content.replace("\\<script", "")
    assert "\\]" in report.content


async def test_findings_over_the_limit_are_cut_the_worst_kept_and_told(tmp_path: Path) -> None:
    (tmp_path / "many.py").write_text("".join(f"# TODO: item number {number:05}\n" for number in range(5000)))
    (tmp_path / "zz.py").write_text("# FIXME: the worst\n")
    report, plan = await review(tmp_path)
    markers = next(action for action in plan.actions if action.tool == "markers")
    assert markers.cut is not None
    assert markers.value["summary"]["markers"] == {"FIXME": 1, "TODO": 5000}
    assert markers.value["findings"][0]["path"] == "zz.py"
    assert "over the limit of 256 kB" in report.content


async def test_ten_thousand_files_take_bounded_time_and_what_was_not_seen_is_told(tmp_path: Path) -> None:
    for folder in range(100):
        (tmp_path / f"package_{folder:03}").mkdir()
        for number in range(100):
            text = f"import os\n\n\ndef f_{folder}_{number}(a):\n    return a + {number}\n"
            (tmp_path / f"package_{folder:03}" / f"a_module_with_a_long_name_{number:03}.py").write_text(text)
    report, plan = await review(tmp_path, work_seconds=2.0)
    assert {action.error for action in plan.actions} == {None}
    assert "10,000 files" in report.summary
    lint = next(action for action in plan.actions if action.tool == "lint")
    assert lint.value["summary"]["findings_by_rule"] == {"F401": 10_000}


async def test_this_repository_is_reviewed_within_its_time() -> None:
    report, plan = await review(REPOSITORY)
    assert {action.error for action in plan.actions} == {None}
    assert "Python" in report.content
