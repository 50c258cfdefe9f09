"""The states of alerts, pure: what was found at a moment, and what that makes of the open alerts.

Guarantee: of each fingerprint at most one alert is open, whatever is found; what could not be looked at
changes nothing. Called by `evaluation`, which keeps the result in one transaction.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from agentbus.contracts.alerts import Alert, Diagnosis, Severity, Transition
from agentbus.contracts.timestamps import format_timestamp, parse_timestamp


@dataclass(frozen=True)
class Timing:
    """How long something has to hold before it counts, and to be over before it counts as over."""

    for_seconds: float = 0.0
    clear_seconds: float = 0.0


AT_ONCE: Final = Timing()
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Finding:
    """Something that is wrong now. `source` names what has to be looked at again to say that it is over."""

    rule: str
    severity: Severity
    source: str
    subject: Mapping[str, str]
    summary: str
    recommendation: str
    workspace_id: str | None = None
    value: float | None = None
    limit: float | None = None
    timing: Timing = AT_ONCE
    diagnosis: Diagnosis | None = None

    @property
    def fingerprint(self) -> str:
        """Of what it is about: rule, workspace and subject."""
        return fingerprint(self.rule, self.workspace_id, self.subject)


def fingerprint(rule: str, workspace_id: str | None, subject: Mapping[str, str]) -> str:
    """Returns the first 128 bits, as hex, of a SHA-256 over what an alert is about."""
    parts = [rule, workspace_id or "", *(f"{name}\x1e{value}" for name, value in sorted(subject.items()))]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def runbook(rule: str) -> str:
    """Returns where a rule's runbook is: `ServiceDown` has service-down.md."""
    return f"infra/runbooks/{_HUMP.sub('-', rule).lower()}.md"


@dataclass(frozen=True)
class Tracked:
    """An open alert and what its next evaluation needs to know."""

    alert: Alert
    source: str
    clear_seconds: float = 0.0
    clearing_since: datetime | None = None


@dataclass(frozen=True)
class Seen:
    """What one look came to: findings, and the sources that could not be looked at (or not long enough).

    A source is `watcher` or `watcher:part`; an unknown `watcher` stands for all of its parts.
    """

    findings: tuple[Finding, ...] = ()
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Changes:
    """What an evaluation changes: alerts to write, with the transition to tell (None: nothing to tell), and
    pending ones to forget.
    """

    written: list[tuple[Tracked, Transition | None]] = field(default_factory=list)
    forgotten: list[Tracked] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.written or self.forgotten)


def evaluate(
    open_alerts: Iterable[Tracked], findings: Iterable[Finding], unknown: Set[str], now: datetime
) -> Changes:
    """Returns what becomes of the open alerts. Of findings with one fingerprint the first counts."""
    found = {finding.fingerprint: finding for finding in reversed(list(findings))}
    changes = Changes()
    for tracked in open_alerts:
        finding = found.pop(tracked.alert.fingerprint, None)
        if finding is not None:
            _still(changes, tracked, finding, now)
        elif not unknown & {tracked.source, tracked.source.partition(":")[0]}:
            _over(changes, tracked, now)
    for finding in found.values():
        begun = _begun(finding, now)
        _raise_if_due(changes, begun, finding, now, new=True)
    return changes


def acknowledged(alert: Alert, by: str, now: datetime) -> Alert:
    """Returns a firing alert as someone looks after it."""
    at = format_timestamp(now)
    return alert.model_copy(update={"state": "acknowledged", "acknowledged_at": at, "acknowledged_by": by})


def _begun(finding: Finding, now: datetime) -> Tracked:
    alert = Alert(
        alert_id=str(uuid4()),
        fingerprint=finding.fingerprint,
        rule=finding.rule,
        severity=finding.severity,
        state="pending",
        workspace_id=finding.workspace_id,
        subject=dict(finding.subject),
        summary=finding.summary,
        value=finding.value,
        limit=finding.limit,
        recommendation=finding.recommendation,
        runbook=runbook(finding.rule),
        since=format_timestamp(now),
        diagnosis=finding.diagnosis,
    )
    return Tracked(alert, finding.source, finding.timing.clear_seconds)


def _still(changes: Changes, tracked: Tracked, finding: Finding, now: datetime) -> None:
    if tracked.alert.state == "pending":
        _raise_if_due(changes, tracked, finding, now, new=False)
    elif finding.diagnosis is not None:  # what could not be known when it was raised
        alert = tracked.alert.model_copy(update={"diagnosis": finding.diagnosis})
        changes.written.append((replace(tracked, alert=alert, clearing_since=None), None))
    elif tracked.clearing_since is not None:
        changes.written.append((replace(tracked, clearing_since=None), None))


def _raise_if_due(changes: Changes, tracked: Tracked, finding: Finding, now: datetime, *, new: bool) -> None:
    held = (now - parse_timestamp(tracked.alert.since)).total_seconds()
    if held >= finding.timing.for_seconds:
        told = {"summary": finding.summary, "value": finding.value, "diagnosis": finding.diagnosis}
        fired = {"state": "firing", "fired_at": format_timestamp(now), **told}
        changes.written.append((replace(tracked, alert=tracked.alert.model_copy(update=fired)), "firing"))
    elif new:
        changes.written.append((tracked, None))


def _over(changes: Changes, tracked: Tracked, now: datetime) -> None:
    if tracked.alert.state == "pending":
        changes.forgotten.append(tracked)
        return
    since = tracked.clearing_since or now
    if now - since >= timedelta(seconds=tracked.clear_seconds):
        ended = {"state": "resolved", "resolved_at": format_timestamp(now)}
        resolved = replace(tracked, alert=tracked.alert.model_copy(update=ended), clearing_since=None)
        changes.written.append((resolved, "resolved"))
    elif tracked.clearing_since is None:
        changes.written.append((replace(tracked, clearing_since=now), None))
