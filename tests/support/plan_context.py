"""A plan in memory for tests of teams: keeps what they say, and gives ended actions again as the engine does.

Make a second one with the first's `journal` to see what a team does after a crash.
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from agentbus.contracts.payloads import Step
from agentbus.runner.bounds import bound
from agentbus.runner.errors import ActionFailed
from agentbus.runner.team import Outcome, Work


@dataclass
class Action:
    agent: str
    tool: str
    arguments: Mapping[str, Any]
    value: Any = None
    error: str | None = None
    usage: Mapping[str, Any] | None = None
    cut: Any = None
    replayed: bool = False


class MemoryStream:
    def __init__(self) -> None:
        self.pieces: list[str] = []

    async def write(self, text: str) -> None:
        self.pieces.append(text)


@dataclass
class MemoryPlan:
    goal: str = "Review this"
    inputs: Mapping[str, Any] = field(default_factory=dict)
    journal: dict[str, Action] = field(default_factory=dict)
    feedback: str = ""
    plan_id: str = "plan-1"
    actions: list[Action] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    steps_done: list[int] = field(default_factory=list)
    streams: list[MemoryStream] = field(default_factory=list)
    _occurrences: Counter[str] = field(default_factory=Counter)

    async def propose(self, steps: Sequence[Step], **context: Any) -> str:
        self.steps = list(steps)
        return self.feedback

    async def say(self, agent: str, content: str, **payload: Any) -> None:
        json.dumps(payload)
        self.said.append((agent, content))

    async def ask(self, agent: str, question: str) -> str:
        raise NotImplementedError

    async def act(
        self,
        agent: str,
        tool: str,
        arguments: Mapping[str, Any],
        work: Work,
        *,
        step_id: str | None = None,
        timeout_seconds: float | None = None,
    ) -> Any:
        place = f"{agent} {tool} {json.dumps(arguments, sort_keys=True)}"
        self._occurrences[place] += 1
        key = f"{place} {self._occurrences[place]}"
        action = self.journal.get(key)
        if action is not None:
            self.actions.append(Action(**{**vars(action), "replayed": True}))
        else:
            action = Action(agent, tool, arguments)
            self.actions.append(action)
            await self._do(action, work)
            self.journal[key] = action
        if action.error is not None:
            raise ActionFailed(action.error)
        return action.value

    @asynccontextmanager
    async def stream(self, agent: str) -> AsyncIterator[MemoryStream]:
        stream = MemoryStream()
        self.streams.append(stream)
        yield stream
        await self.say(agent, "".join(stream.pieces))

    async def progress(self, current_step: int, total_steps: int, agent: str) -> None:
        assert current_step <= total_steps
        self.steps_done.append(current_step)

    def tools(self) -> list[str]:
        return [action.tool for action in self.actions]

    async def _do(self, action: Action, work: Work) -> None:
        try:
            value = await work()
        except Exception as error:  # noqa: BLE001  as the engine does
            action.error = str(error)
            return
        outcome = value if isinstance(value, Outcome) else Outcome(value)
        action.value, cut = bound(outcome.value)
        action.cut, action.usage = outcome.cut or cut, outcome.usage
