"""Plans of several teams, with actions of all kinds, chosen by a seed; and their messages, mixed."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

from support.profiles import BEGIN, Act, Profile


def some_plans(workspace: str, number: int, *, seed: int) -> list[Profile]:
    """Returns plans of several teams, with actions of all kinds."""
    chosen = random.Random(seed)
    return [
        Profile(
            f"{workspace}-{index}",
            tuple(_act(chosen) for _ in range(chosen.randrange(1, 12))),
            workspace_id=workspace,
            team_id=chosen.choice(["review", "write"]),
            queue_ms=chosen.randrange(2_000),
            begins=BEGIN + timedelta(milliseconds=chosen.randrange(300_000)),
        )
        for index in range(number)
    ]


def interleaved(plans: list[Profile], *, seed: int) -> list[dict[str, Any]]:
    """Returns all messages, those of each plan in order, the plans mixed at random."""
    chosen = random.Random(seed)
    logs = [list(reversed(plan.messages())) for plan in plans]
    mixed = []
    while logs:
        log = chosen.choice(logs)
        mixed.append(log.pop())
        if not log:
            logs.remove(log)
    return mixed


def _act(chosen: random.Random) -> Act:
    act = Act(
        agent=chosen.choice(["analyst", "writer", "critic"]),
        tool=chosen.choice(["ruff", "mypy", "tests"]),
        ms=chosen.choice([1, 17, 230, 900, 5_000, chosen.randrange(60_000)]),
        after_ms=chosen.randrange(2_000),
        failed=chosen.random() < 0.2,
    )
    if not act.failed and chosen.random() < 0.4:
        models = ["gpt-4.1", "gpt-4.1-mini", "somebody's own"]
        tokens = chosen.randrange(5_000), chosen.randrange(900)
        return replace(act, tool="model", model=chosen.choice(models), tokens=tokens)
    return act
