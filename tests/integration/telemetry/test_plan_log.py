"""Whether an execution is over is asked of the log, from where the tables stop knowing that it runs (C5)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import pytest
from support.messages import message
from support.telemetry_world import TelemetryWorld

from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.topics import MESSAGES
from agentbus.telemetry.alerts.executions import Execution
from agentbus.telemetry.alerts.plan_log import Glimpse, PlanLog

pytestmark = pytest.mark.integration
CHATTER: Final = 6_000
"""More than the stretch right after what is counted."""


async def test_what_the_tables_do_not_know_yet(telemetry: TelemetryWorld) -> None:
    """An end right after what is counted, one that is far behind it, and none."""
    now = datetime.now(UTC)
    plan = str(uuid4())
    start = await telemetry.reader.end_offset(MESSAGES, await _partition(telemetry, plan))
    log = [_told(plan, 1, "plan_created", None, now), *(_starts(plan, seq, now) for seq in (2, 3, 4))]
    log.append(_told(plan, 5, "action_completed", "a2", now))
    log += [_told(plan, 6 + n, "agent_message", None, now) for n in range(CHATTER)]
    log.append(_told(plan, 6 + CHATTER, "action_failed", "a3", now))
    await telemetry.publish(log)

    soon = await _glimpse(telemetry, _execution(plan, "a2", now), start + 4)
    assert (soon.over, soon.last[-1].seq) == (True, 5), "no more is read than its end"
    assert (await _glimpse(telemetry, _execution(plan, "a3", now), start + 4)).over
    running = await _glimpse(telemetry, _execution(plan, "a4", now), start + len(log))
    assert not running.over
    assert running.argument_bytes == {"path": 6}
    assert running.last[-1].seq == 6 + CHATTER


async def test_an_end_of_an_older_attempt_is_none(telemetry: TelemetryWorld) -> None:
    now = datetime.now(UTC)
    plan = str(uuid4())
    start = await telemetry.reader.end_offset(MESSAGES, await _partition(telemetry, plan))
    again = _starts(plan, 3, now) | {"action_id": "a2", "attempt": 2}
    stale = _told(plan, 3, "action_completed", "a2", now)
    await telemetry.publish([_starts(plan, 2, now), again, stale])
    assert not (await _glimpse(telemetry, replace(_execution(plan, "a2", now), attempt=2), start + 2)).over
    assert (await _glimpse(telemetry, _execution(plan, "a2", now), start + 2)).over


async def _glimpse(telemetry: TelemetryWorld, execution: Execution, counted: int) -> Glimpse:
    log = PlanLog(telemetry.reader, within_seconds=60)
    partition = await _partition(telemetry, execution.plan_id)
    seen = await log.glimpse(execution, {partition: counted}, datetime.now(UTC))
    assert seen is not None
    return seen


async def _partition(telemetry: TelemetryWorld, plan: str) -> int:
    return await telemetry.reader.partition_for(MESSAGES, plan)


def _execution(plan: str, action: str, now: datetime) -> Execution:
    return Execution("default", plan, action, None, "review", "analyst", "ruff", 1, now, None)


def _starts(plan: str, seq: int, now: datetime) -> dict[str, Any]:
    payload = {"tool": "ruff", "arguments": {"path": "a.py"}}
    return _told(plan, seq, "action_started", f"a{seq}", now) | {"payload": payload}


def _told(plan: str, seq: int, kind: str, action: str | None, now: datetime) -> dict[str, Any]:
    return message(plan, seq, type=kind, action_id=action, timestamp=format_timestamp(now))
