"""A team that does what the plan's inputs say, so that a test knows every message beforehand.

inputs: `messages` said one after the other, every `every_seconds` after the monotonic moment `begins` (so
what was held up is made up for); `actions`, each of which takes `pause_seconds` and adds a line to the file
`done_log`; `ask` a question; `stream` a text; `fail` at the end. Loaded by `AGENTBUS_TEAMS`.
"""

import asyncio
import time
from functools import partial
from pathlib import Path

from agentbus.contracts.payloads import Agent, Step
from agentbus.contracts.payloads import Team as TeamCard
from agentbus.runner.team import PlanContext, Report

CARD = TeamCard(team_id="scripted", name="Scripted", agents=[Agent(name="worker")])


class ScriptedTeam:
    card = CARD

    async def run(self, plan: PlanContext) -> Report:
        inputs = plan.inputs
        await plan.propose([Step(id="1", description="Do as told", agent="worker")])
        for number in range(inputs.get("actions", 0)):
            await plan.act(
                "worker", "tick", {"number": number}, partial(self._tick, plan, number), step_id="1"
            )
        for number in range(inputs.get("messages", 0)):
            due = inputs.get("begins", 0) + number * inputs.get("every_seconds", 0)
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            await plan.say("worker", f"message {number}")
        if inputs.get("stream"):
            async with plan.stream("worker") as stream:
                for word in ("one ", "two ", "three"):
                    await stream.write(word)
        answer = await plan.ask("worker", "Which colour?") if inputs.get("ask") else ""
        if inputs.get("fail"):
            raise ValueError("told to fail")
        return Report(f"done {answer}".strip(), "as told")

    async def _tick(self, plan: PlanContext, number: int) -> int:
        await asyncio.sleep(plan.inputs.get("pause_seconds", 0))
        if (done_log := plan.inputs.get("done_log")) is not None:
            await asyncio.to_thread(_add_line, Path(done_log), f"{plan.plan_id} {number}")
        return number


def _add_line(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(line + "\n")
