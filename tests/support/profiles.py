"""Plans with a known profile: what each action takes, costs and comes to, the log that tells so, and the
figures that follow from the profile itself, by plain sums. Knows nothing of the code that aggregates.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from support.messages import message

BEGIN: Final = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(minutes=2)
"""Shortly before the last midnight: minutes, hours and days differ, and figures by the minute are kept."""

PRICES: Final = {"gpt-4.1": (Decimal(2), Decimal(8)), "gpt-4.1-mini": (Decimal("0.4"), Decimal("1.6"))}
"""US dollars for a million tokens, as their maker published them (2025-04-14)."""

STACK: Final = """Traceback (most recent call last):
  File "/home/{user}/.venv/lib/python3.11/site-packages/tools/{tool}.py", line {line}, in run
    return parse(source)
  File "/home/{user}/.venv/lib/python3.11/site-packages/tools/parse.py", line {line}, in parse
    raise SyntaxError(source)
SyntaxError: {line} is wrong at 0x7f{line:04x}
"""
Key = tuple[datetime, str, str, str, str, str]
"""Minute, workspace, team, agent, tool, model."""


@dataclass(frozen=True)
class Act:
    """An action: begins `after_ms` after the one before it ended, takes `ms`."""

    agent: str = "analyst"
    tool: str = "ruff"
    ms: int = 100
    after_ms: int = 0
    failed: bool = False
    model: str = ""
    tokens: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Profile:
    """A plan: waits `queue_ms`, does its acts one after the other, and ends."""

    plan_id: str
    acts: tuple[Act, ...]
    workspace_id: str = "default"
    team_id: str = "review"
    queue_ms: int = 250
    chatter: int = 1
    begins: datetime = BEGIN

    def messages(self) -> list[dict[str, Any]]:
        """Returns the plan's whole log."""
        return [self._message(seq, at, **fields) for seq, (at, fields) in enumerate(self._told(), start=1)]

    def ends(self) -> Iterator[tuple[Act, datetime, int]]:
        """Yields each act, when it ended, and how many milliseconds it had waited."""
        at = self.begins + _ms(self.queue_ms)
        for number, act in enumerate(self.acts):
            at += _ms(act.after_ms + act.ms)
            yield act, at, 0 if number else self.queue_ms

    def _told(self) -> Iterator[tuple[datetime, dict[str, Any]]]:
        team = {"team_id": self.team_id, "name": self.team_id}
        yield self.begins, {"type": "plan_created", "payload": {"description": "Known", "team": team}}
        yield self.begins + _ms(self.queue_ms), {"type": "plan_started"}
        at = self.begins
        for number, (act, at, _) in enumerate(self.ends(), start=1):
            who = {"agent_name": act.agent, "action_id": f"{self.plan_id}-{number}"}
            arguments = {"tool": act.tool, "arguments": {"path": f"{act.tool}.py"}}
            yield at - _ms(act.ms), {"type": "action_started", "payload": arguments, **who}
            for _ in range(self.chatter):
                yield at, {"agent_name": act.agent}
            yield at, {**_ending(act, self.plan_id, number), **who}
        yield at, {"type": "plan_completed"}

    def _message(self, seq: int, at: datetime, **fields: Any) -> dict[str, Any]:
        timestamp = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        return message(self.plan_id, seq, timestamp=timestamp, workspace_id=self.workspace_id, **fields)


@dataclass
class Known:
    """What the executions of one key come to."""

    executions: int = 0
    failures: int = 0
    ms: int = 0
    queue_ms: int = 0
    tokens: tuple[int, int] = (0, 0)
    cost_usd: Decimal | None = None
    durations: list[float] = field(default_factory=list)


def known_figures(profiles: Iterable[Profile]) -> dict[Key, Known]:
    """Returns the figures by the minute in which actions ended."""
    figures: dict[Key, Known] = defaultdict(Known)
    for plan in profiles:
        for act, at, queue_ms in plan.ends():
            minute = at.replace(second=0, microsecond=0)
            one = figures[minute, plan.workspace_id, plan.team_id, act.agent, act.tool, act.model]
            one.executions += 1
            one.failures += act.failed
            one.ms += act.ms
            one.queue_ms += queue_ms
            one.tokens = (one.tokens[0] + act.tokens[0], one.tokens[1] + act.tokens[1])
            if (cost := _cost(act)) is not None:
                one.cost_usd = cost + (one.cost_usd or 0)
            one.durations.append(act.ms / 1000)
    for one in figures.values():
        one.durations.sort()
    return dict(figures)


def _cost(act: Act) -> Decimal | None:
    if act.model not in PRICES:
        return None
    return sum((price * n for price, n in zip(PRICES[act.model], act.tokens, strict=True)), Decimal()) / 10**6


def _ending(act: Act, plan_id: str, number: int) -> dict[str, Any]:
    payload: dict[str, Any] = {"tool": act.tool, "duration_seconds": act.ms / 1000}
    if act.failed:
        stack = STACK.format(user=plan_id, tool=act.tool, line=number)
        error = {"code": "tool_error", "message": f"line {number}", "type": "SyntaxError", "stack": stack}
        return {"type": "action_failed", "payload": payload | {"error": error}}
    if act.model:
        used = {"input_tokens": act.tokens[0], "output_tokens": act.tokens[1]}
        payload["usage"] = {"model": act.model, **used}
    return {"type": "action_completed", "payload": payload}


def _ms(milliseconds: int) -> timedelta:
    return timedelta(milliseconds=milliseconds)
