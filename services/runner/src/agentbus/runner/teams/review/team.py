"""The review team: three agents look at a tree with real tools, side by side; a fourth writes the report.

A tool that fails is told in the report and stops nothing. Which steps are taken follows from what the planner
saw of the tree, which is on the log, so a plan that is run again takes the same ones. Run by the engine.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from agentbus.contracts.payloads import Team as TeamCard
from agentbus.contracts.teams import REVIEW
from agentbus.runner.errors import ActionFailed, InputError
from agentbus.runner.team import PlanContext, Report
from agentbus.runner.teams.review.languages import PYTHON, language_of
from agentbus.runner.teams.review.report import Results, write_report
from agentbus.runner.teams.review.roles import Task, worthwhile
from agentbus.runner.teams.review.toolbox import Toolbox, Workbench

AGENTS: Final = ("surveyor", "analyst", "auditor")
_GRACE_SECONDS: Final = 900.0


class ReviewTeam:
    """Reviews the source tree named by the input `dir`."""

    def __init__(self, toolbox: Toolbox) -> None:
        self._toolbox = toolbox

    @property
    def card(self) -> TeamCard:
        """How clients see the team."""
        return REVIEW

    async def run(self, plan: PlanContext) -> Report:
        """Surveys, proposes, works and reports. Raises InputError when there is no such tree."""
        async with self._toolbox.workbench(directory_of(plan.inputs)) as bench:
            survey = await look_around(plan, bench)
            tasks = worthwhile(survey)
            await plan.propose([task.step() for task in tasks])
            results = await work_on(plan, bench, tasks, survey)
        report = write_report(plan.goal, results)
        await plan.say("reporter", report.summary)
        return report


def directory_of(inputs: Mapping[str, Any]) -> str:
    """Returns the input `dir`; raises InputError without one."""
    directory = inputs.get("dir")
    if not isinstance(directory, str) or not directory:
        raise InputError("Which directory? Give the plan the input `dir`.", code="directory_missing")
    return directory


async def look_around(plan: PlanContext, bench: Workbench) -> dict[str, Any]:
    """Lists the tree as an action of the planner; returns its figures."""

    async def survey() -> dict[str, Any]:
        listing = await bench.listing()
        languages = Counter(language_of(file.path) for file in listing.files)
        facts = {"languages": dict(languages.most_common()), "python_files": languages[PYTHON]}
        return {**listing.facts(), **facts}

    seen: dict[str, Any] = await plan.act("planner", "list_files", {"dir": plan.inputs["dir"]}, survey)
    main = ", ".join(f"{name} ({count})" for name, count in list(seen["languages"].items())[:4])
    await plan.say("planner", f"{seen['files']:,} files to look at. {main}".rstrip(". "))
    return seen


async def work_on(
    plan: PlanContext, bench: Workbench, tasks: Sequence[Task], survey: Mapping[str, Any]
) -> Results:
    """Has each agent do its tasks in order, the agents side by side; returns what came out."""
    results = Results(survey)
    total = len(tasks) + 1
    async with asyncio.TaskGroup() as group:
        for agent in AGENTS:
            own = [task for task in tasks if task.agent == agent]
            if own:
                group.create_task(_do(plan, bench, own, results, total))
    await plan.progress(total, total, "reporter")
    return results


async def _do(
    plan: PlanContext, bench: Workbench, tasks: Sequence[Task], results: Results, total: int
) -> None:
    for task in tasks:
        try:
            results.values[task.tool] = await _use(plan, bench, task)
        except ActionFailed as failure:
            results.failures[task.tool] = failure.message
        done = len(results.values) + len(results.failures)
        await plan.progress(done, total, task.agent)
    await plan.say(tasks[0].agent, _account([task.tool for task in tasks], results))


async def _use(plan: PlanContext, bench: Workbench, task: Task) -> dict[str, Any]:
    value = await plan.act(
        task.agent,
        task.tool,
        {"dir": plan.inputs["dir"]},
        lambda: bench.use(task.tool),
        step_id=task.tool,
        timeout_seconds=_GRACE_SECONDS,
    )
    if not isinstance(value, dict) or "findings" not in value:
        raise ActionFailed("what it gave was over the limit and cut", code="result_cut")
    return value


def _account(tools: Sequence[str], results: Results) -> str:
    told = [
        f"{tool.replace('_', ' ')}: {results.values[tool]['summary']['findings']} findings"
        if tool in results.values
        else f"{tool.replace('_', ' ')}: failed"
        for tool in tools
    ]
    return "; ".join(told)
