"""Executions that take longer than expected, found while they run, with what is known of them (C5).

Guarantee: what is over according to the log raises nothing, however far the aggregator lags behind; while the
log cannot be read (Kafka away), alerts are raised without it. Called by `evaluation`, each second.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agentbus.contracts.alerts import Diagnosis, Expected
from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.topics import MESSAGES
from agentbus.postgres.database import Database
from agentbus.telemetry.aggregation import offsets
from agentbus.telemetry.alerts import executions
from agentbus.telemetry.alerts.causes import Clues, probable_cause
from agentbus.telemetry.alerts.executions import Execution, Thing
from agentbus.telemetry.alerts.expectations import Histories, Measure, expected, least_seconds
from agentbus.telemetry.alerts.model import Finding, Seen, fingerprint
from agentbus.telemetry.alerts.plan_log import Glimpse, PlanLog

RULE: Final = "ExecutionOverdue"
NAME: Final = "executions"
_HISTORY_SECONDS: Final = 60.0
_DIAGNOSED_AT_ONCE: Final = 20
"""Of more that become overdue in one second, the rest are raised a second later."""

_COMPARED: Final = 5
_TEXT: Final = 100


@dataclass(frozen=True)
class _Overdue:
    execution: Execution
    expected: Expected
    subject: dict[str, str]
    fingerprint: str
    running_seconds: float
    counted: Mapping[int, int]
    """How far each partition of the log was counted then."""


class OverdueWatcher:
    """Looks at everything that runs."""

    name = NAME
    every_seconds = 0.0

    def __init__(self, database: Database, log: PlanLog, measure: Measure) -> None:
        self._database = database
        self._log = log
        self._measure = measure
        self._histories = Histories(_HISTORY_SECONDS)
        self._unread = set[str]()
        """Fingerprints of what was raised without a look into the log."""

    async def look(self, now: datetime, known: Set[str]) -> Seen:
        """Returns what is overdue. Raises Transient without the database."""
        overdue = await self._overdue(now)
        alike = Counter(each.execution.thing for each in overdue)
        self._unread &= {each.fingerprint for each in overdue}
        unread = self._unread & known
        new = [each for each in overdue if each.fingerprint not in known]
        again = [each for each in overdue if each.fingerprint in unread]
        looked = [*new, *again][:_DIAGNOSED_AT_ONCE]
        diagnosed = await asyncio.gather(*(self._look_closer(each, alike, known, now) for each in looked))
        others = known - {each.fingerprint for each in looked}
        still = [_finding(each, None) for each in overdue if each.fingerprint in others]
        return Seen((*still, *(finding for finding in diagnosed if finding is not None)))

    async def _overdue(self, now: datetime) -> list[_Overdue]:
        async with self._database.transaction(snapshot=True) as connection:
            limits = await executions.limits(connection)
            youngest = now - timedelta(seconds=least_seconds(limits, self._measure))
            running = await executions.running(connection, youngest)
            counted = await offsets.read(connection, MESSAGES)
            asked = self._histories.missing((each.thing for each in running), time.monotonic())
            found = await executions.histories(connection, asked) if asked else {}
            self._histories.keep(asked, found, time.monotonic())
        overdue = []
        for each in running:
            by = expected(each, limits, self._histories.of(each.thing), self._measure)
            seconds = (now - each.started_at).total_seconds()
            if by is not None and seconds > by.seconds:
                subject = _subject(each)
                name = fingerprint(RULE, each.workspace_id, subject)
                overdue.append(_Overdue(each, by, subject, name, seconds, counted))
        return overdue

    async def _look_closer(
        self, each: _Overdue, alike: Counter[Thing], known: Set[str], now: datetime
    ) -> Finding | None:
        """Returns the finding; None when the log says that the execution is over."""
        glimpse = await self._log.glimpse(each.execution, each.counted, now)
        if glimpse is not None:
            self._unread.discard(each.fingerprint)
            return None if glimpse.over else _finding(each, await self._diagnosis(each, glimpse, alike, now))
        self._unread.add(each.fingerprint)
        told_before = each.fingerprint in known
        return _finding(each, None if told_before else await self._diagnosis(each, None, alike, now))

    async def _diagnosis(
        self, each: _Overdue, glimpse: Glimpse | None, alike: Counter[Thing], now: datetime
    ) -> Diagnosis:
        execution = each.execution
        async with self._database.transaction(snapshot=True) as connection:
            compared = await executions.compared(connection, execution.thing, _COMPARED)
            inner = await executions.inside(connection, execution, _COMPARED)
        last = glimpse.last if glimpse else None
        clues = Clues(inner, alike[execution.thing], last, execution, now)
        return Diagnosis(
            started_at=format_timestamp(execution.started_at),
            running_seconds=each.running_seconds,
            expected=each.expected,
            attempt=execution.attempt,
            trace_id=execution.trace_id,
            parent_action_id=execution.parent_action_id,
            inner_actions=inner,
            alike=alike[execution.thing],
            argument_bytes=glimpse.argument_bytes if glimpse else None,
            last_messages=last,
            compared=compared,
            probable_cause=probable_cause(clues),
        )


def _subject(execution: Execution) -> dict[str, str]:
    if execution.action_id is None:
        return {"plan_id": execution.plan_id, "team": execution.team_id}
    return {
        "plan_id": execution.plan_id,
        "action_id": execution.action_id,
        "agent": execution.agent[:_TEXT],
        "tool": (execution.tool or "")[:_TEXT],
    }


def _finding(each: _Overdue, diagnosis: Diagnosis | None) -> Finding:
    subject, by = each.subject, each.expected
    action = "tool" in subject
    what = f"{subject['tool']} by {subject['agent']}" if action else f"a plan of team {subject['team']}"
    basis = (
        f"the limit for {by.set_for}"
        if by.basis == "limit"
        else f"p95 of {by.samples} runs, times the factor"
    )
    kind, name = ("tool", subject["tool"]) if action else ("team", subject["team"])
    return Finding(
        rule=RULE,
        severity="warning",
        source=NAME,
        workspace_id=each.execution.workspace_id,
        subject=subject,
        summary=f"{what} runs for {each.running_seconds:.1f} s; expected: {by.seconds:.1f} s ({basis})",
        value=each.running_seconds,
        limit=by.seconds,
        recommendation=(
            f"Open the plan at this step. Hung: POST /api/v3/plans/{subject['plan_id']}/cancel; the runner "
            f"gives up by itself at AGENTBUS_{'ACTION' if action else 'PLAN'}_LIMIT_SECONDS. "
            f"Rightly slow: allow more with PUT /api/v3/alerts/limits/{kind}/{name}."
        ),
        diagnosis=diagnosis,
    )
