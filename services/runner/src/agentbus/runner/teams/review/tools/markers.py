"""Finds what people left open: TODO, FIXME, XXX and HACK in comments of any language."""

import re
from collections import Counter
from typing import Final

from agentbus.runner.teams.review.finding import Finding, ToolResult
from agentbus.runner.teams.review.languages import is_code
from agentbus.runner.teams.review.redaction import redacted
from agentbus.runner.teams.review.sources import Sources

_MARKER: Final = re.compile(r"(?:#|//|/\*|\*|--|<!--|;|%)\s*\b(TODO|FIXME|XXX|HACK)\b(.{0,160})")
_WORTH_A_LOOK: Final = frozenset({"FIXME", "XXX", "HACK"})


def run(sources: Sources) -> ToolResult:
    """Returns counts per marker; each is a finding with its remark."""
    counts: Counter[str] = Counter()
    findings: list[Finding] = []
    for source in sources.each():
        if not is_code(source.language):
            continue
        for number, line in enumerate(source.lines, start=1):
            if (match := _MARKER.search(line)) is None:
                continue
            marker, remark = match.groups()
            counts[marker] += 1
            severity = "low" if marker in _WORTH_A_LOOK else "info"
            message = redacted(f"{marker}{remark.rstrip(' */->')}")
            findings.append(Finding(source.path, number, "open work", severity, marker, message))
    return ToolResult({"markers": dict(sorted(counts.items()))}, findings)
