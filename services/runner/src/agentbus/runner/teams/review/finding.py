"""What a tool found, where, and how bad it is; shared by the tools (worker) and the report (runner)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

SEVERITIES: Final = ("high", "medium", "low", "info")
_MESSAGE_LIMIT_CHARACTERS: Final = 300


@dataclass(frozen=True)
class Finding:
    """One finding. `category` says what it is about, so that two tools that find the same are told as one."""

    path: str
    line: int
    category: str
    severity: str
    rule: str
    message: str

    @property
    def rank(self) -> tuple[int, str, int, str, str]:
        """Sorts the worst first, then by place."""
        return SEVERITIES.index(self.severity), self.path, self.line, self.rule, self.message

    def as_json(self) -> dict[str, Any]:
        """Returns the finding as JSON, its message bounded."""
        return {**asdict(self), "message": self.message[:_MESSAGE_LIMIT_CHARACTERS]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Finding":
        """Reads what `as_json` wrote."""
        return cls(**{name: value[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class ToolResult:
    """What a tool gives: figures, and findings."""

    summary: Mapping[str, Any]
    findings: list[Finding] = field(default_factory=list)


def deduplicated(findings: Iterable[Finding]) -> list[Finding]:
    """Returns the findings ranked, one for each place and category: the worst, naming the other rules."""
    groups: dict[tuple[str, int, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: finding.rank):
        groups.setdefault((finding.path, finding.line, finding.category), []).append(finding)
    merged = []
    for group in groups.values():
        worst, rules = group[0], list(dict.fromkeys(finding.rule for finding in group))
        merged.append(
            Finding(worst.path, worst.line, worst.category, worst.severity, ", ".join(rules), worst.message)
        )
    return sorted(merged, key=lambda finding: finding.rank)
