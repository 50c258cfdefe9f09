"""The model team: the review team's tools, with steps chosen and the report written by a model.

When the model fails, what the tools found is reported all the same, and the report says so.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from agentbus.contracts.payloads import Step
from agentbus.contracts.payloads import Team as TeamCard
from agentbus.contracts.teams import MODEL
from agentbus.runner.errors import ActionFailed, InputError
from agentbus.runner.team import PlanContext, Report
from agentbus.runner.teams.model.configuration import ModelConfiguration
from agentbus.runner.teams.review.report import findings_section, write_report
from agentbus.runner.teams.review.roles import Task, worthwhile
from agentbus.runner.teams.review.team import directory_of, look_around, work_on
from agentbus.runner.teams.review.toolbox import Toolbox

if TYPE_CHECKING:
    from agentbus.runner.teams.model.writer import ModelWriter


class ModelTeam:
    """Reviews the source tree named by the input `dir`, led by a model."""

    def __init__(self, toolbox: Toolbox) -> None:
        self._toolbox = toolbox

    @property
    def card(self) -> TeamCard:
        """How clients see the team."""
        return MODEL

    async def run(self, plan: PlanContext) -> Report:
        """Surveys, plans, works and reports. Raises InputError without a tree or without a model."""
        directory = directory_of(plan.inputs)
        async with _open_writer() as writer, self._toolbox.workbench(directory) as bench:
            survey = await look_around(plan, bench)
            tasks, steps = await _choose(plan, writer, worthwhile(survey), survey)
            await plan.propose(steps)
            results = await work_on(plan, bench, tasks, survey)
            report = write_report(plan.goal, results)
            try:
                text = await writer.write(plan, results)
            except ActionFailed as failure:
                remark = (
                    f"The model could not write the report ({failure.message}); this is what the tools found."
                )
                await plan.say("reporter", remark)
                return Report(f"{report.content}\n{remark}\n", report.summary)
        found = findings_section(results.findings())
        return Report(f"{text}\n\n# What the tools found\n\n{report.summary}\n\n{found}\n", report.summary)


def _open_writer() -> "AbstractAsyncContextManager[ModelWriter]":
    configuration = ModelConfiguration.load()
    try:
        from agentbus.runner.teams.model.writer import model_writer
    except ModuleNotFoundError as error:
        message = (
            f"The model team needs more packages ({error.name} is missing): install agentbus-runner[model]."
        )
        raise InputError(message, code="model_not_installed") from error
    return model_writer(configuration)


async def _choose(
    plan: PlanContext, writer: "ModelWriter", tasks: Sequence[Task], survey: dict[str, object]
) -> tuple[Sequence[Task], list[Step]]:
    """Returns the tasks that the model chose, as the team orders them; all of them when it chose none."""
    if not tasks:
        return tasks, []
    try:
        chosen = await writer.choose(plan, tasks, survey)
    except ActionFailed as failure:
        await plan.say("planner", f"The model could not plan ({failure.message}); all tools are used.")
        chosen = []
    purposes = {step.tool: step.purpose for step in chosen}
    kept = [task for task in tasks if task.tool in purposes] or list(tasks)
    return kept, [_step(task, purposes.get(task.tool, "")) for task in kept]


def _step(task: Task, purpose: str) -> Step:
    described = f"{task.description}: {purpose}" if purpose else task.description
    return Step(id=task.tool, agent=task.agent, description=described[:500])
