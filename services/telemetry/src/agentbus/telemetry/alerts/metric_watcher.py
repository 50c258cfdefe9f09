"""Evaluates the resource rules over what the services said last (H5). Called by `evaluation`."""

from collections.abc import Iterable, Mapping, Set
from datetime import datetime
from typing import Final

from agentbus.telemetry.alerts.measures import Look, Measured
from agentbus.telemetry.alerts.model import Finding, Seen
from agentbus.telemetry.alerts.resource_rules import RULES, ResourceLimits, ResourceRule
from agentbus.telemetry.alerts.scraping import EVERY_SECONDS, Process, Scraper

NAME: Final = "metrics"
_ALWAYS_KNOWN: Final = "ServiceDown"


class MetricWatcher:
    """Looks at every instance of every service."""

    name = NAME
    every_seconds = EVERY_SECONDS

    def __init__(self, scraper: Scraper, limits: ResourceLimits) -> None:
        self._scraper = scraper
        self._limits = limits

    async def look(self, now: datetime, known: Set[str]) -> Seen:  # noqa: ARG002  metrics have times of their own
        """Returns what is wrong. Raises Transient before the services were asked."""
        return judged(self._scraper.processes, self._limits)


def judged(processes: Iterable[Process], limits: ResourceLimits) -> Seen:
    """Returns findings; of an instance that does not answer, nothing but that is known."""
    findings: list[Finding] = []
    unknown: set[str] = set()
    for process in processes:
        for rule in RULES:
            source = f"{NAME}:{rule.name}@{process.address}"
            if process.newest.samples is None and rule.name != _ALWAYS_KNOWN:
                unknown.add(source)
                continue
            look = rule.measure(process)
            found = list(_beyond(rule, process, look, limits, source))
            if not look.whole:
                unknown.add(source)
            findings += found
    return Seen(tuple(findings), frozenset(unknown))


def _beyond(
    rule: ResourceRule, process: Process, look: Look, limits: ResourceLimits, source: str
) -> Iterable[Finding]:
    limit = rule.limit(limits)
    for measured in look.found:
        if measured.value < limit if rule.below else measured.value > limit:
            subject = {"service": process.service, "instance": process.instance, **measured.labels}
            words = _words(subject, measured, limit)
            yield Finding(
                rule=rule.name,
                severity=rule.severity,
                source=source,
                subject=subject,
                summary=rule.summary.format_map(words),
                recommendation=rule.recommendation.format_map(words),
                value=measured.value,
                limit=limit,
                timing=rule.timing,
            )


def _words(subject: Mapping[str, str], measured: Measured, limit: float) -> Mapping[str, object]:
    return {
        "topic": "",
        "group": "",
        "code": "",
        "volume": "",
        **subject,
        "value": measured.value,
        "limit": limit,
    }
