"""Ranks what the tools found and writes it down in Markdown: each finding with its file and line. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agentbus.runner.team import Report
from agentbus.runner.teams.review.finding import SEVERITIES, Finding, deduplicated

_SHOWN: Final = {"high": 60, "medium": 60, "low": 40, "info": 20}
_PLURALS: Final = {"high": "high", "medium": "medium", "low": "low", "info": "for information"}


@dataclass
class Results:
    """What the team knows at the end: the value of each tool that ended well, and why the others did not."""

    survey: Mapping[str, Any]
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def findings(self) -> list[Finding]:
        """Returns all findings, the worst first, what two tools found told once."""
        return deduplicated(
            Finding.from_json(found)
            for tool in sorted(self.values)
            for found in self.values[tool]["findings"]
        )

    def summary_of(self, tool: str) -> Mapping[str, Any]:
        """Returns a tool's figures; empty when it was not run or failed."""
        summary: Mapping[str, Any] = self.values.get(tool, {}).get("summary", {})
        return summary

    def not_kept(self) -> int:
        """Returns how many findings did not fit into what a tool may give."""
        return sum(value["summary"]["findings"] - len(value["findings"]) for value in self.values.values())


def write_report(goal: str, results: Results) -> Report:
    """Returns the report on `goal`."""
    findings = results.findings()
    summary = _summary(results, findings)
    parts = [f"# Review\n\n**Goal:** {_one_line(goal)}\n\n{summary}", _overview(results)]
    parts += [_section(severity, findings) for severity in SEVERITIES]
    parts.append(_remarks(results))
    return Report("\n\n".join(part for part in parts if part) + "\n", summary)


def findings_section(findings: Sequence[Finding]) -> str:
    """Returns the ranked findings alone, in Markdown."""
    return "\n\n".join(part for severity in SEVERITIES if (part := _section(severity, findings)))


def _summary(results: Results, findings: Sequence[Finding]) -> str:
    if not results.survey["files"]:
        return "There are no files to review in this directory."
    inventory = results.summary_of("inventory")
    counts = Counter(finding.severity for finding in findings)
    told = (
        ", ".join(f"{counts[name]} {_PLURALS[name]}" for name in SEVERITIES if counts[name]) or "no findings"
    )
    size = f"{results.survey['files']:,} files"
    if inventory:
        size += f", {inventory['lines']:,} lines"
    failed = f"; {len(results.failures)} tools failed" if results.failures else ""
    return f"Reviewed {size}: {told}{failed}."


def _overview(results: Results) -> str:
    rows = list(_overview_rows(results))
    return "## Overview\n\n| what | found |\n|---|---|\n" + "\n".join(rows) if rows else ""


def _overview_rows(results: Results) -> list[str]:
    inventory, tests = results.summary_of("inventory"), results.summary_of("tests_found")
    complexity, duplicates = results.summary_of("complexity"), results.summary_of("duplicates")
    dependencies, licences = results.summary_of("dependencies"), results.summary_of("licences")
    rows: list[str] = []
    if inventory:
        languages = list(inventory["languages"].items())[:8]
        rows.append(
            _row("languages", ", ".join(f"{name} {figures['lines']:,}" for name, figures in languages))
        )
    if tests:
        files = sum(tests["test_files"].values())
        rows.append(_row("tests", f"{files} files, {tests['test_lines_percent']} % of the code's lines"))
    if complexity.get("functions"):
        figures = f"{complexity['functions']:,} Python functions, on average {complexity['average']}"
        rows.append(_row("complexity", figures))
    if duplicates:
        rows.append(_row("copied code", f"{duplicates['copied_percent']} % of the lines that say something"))
    if dependencies.get("manifests"):
        count = sum(manifest["count"] for manifest in dependencies["manifests"])
        rows.append(_row("dependencies", f"{count} in {len(dependencies['manifests'])} manifests"))
    if licences:
        names = sorted(
            {name or "unknown" for name in licences["files"].values()} | set(licences["declared"].values())
        )
        rows.append(_row("licences", ", ".join(names) or "none"))
    return rows


def _row(what: str, found: str) -> str:
    return f"| {what} | {_plain(found)} |"


def _section(severity: str, findings: Sequence[Finding]) -> str:
    chosen = [finding for finding in findings if finding.severity == severity]
    if not chosen:
        return ""
    shown = chosen[: _SHOWN[severity]]
    lines = [f"- {_place(found)} {_plain(found.message)} [{found.rule}]" for found in shown]
    if more := len(chosen) - len(shown):
        lines.append(f"- … and {more} more, in the results of the actions")
    return f"## {severity.capitalize()} ({len(chosen)})\n\n" + "\n".join(lines)


def _place(finding: Finding) -> str:
    path = finding.path.replace("`", "'")
    return f"`{path}:{finding.line}`" if finding.line else f"`{path}`"


def _remarks(results: Results) -> str:
    remarks = [f"{tool} failed: {_plain(reason)}" for tool, reason in sorted(results.failures.items())]
    left_out = results.survey["left_out"]
    remarks += [f"{count} entries were left out: {reason}" for reason, count in left_out.items()]
    if results.survey["cut"]:
        remarks.append(
            f"The tree is larger than what one review looks at: {results.survey['files']:,} files were."
        )
    for tool in sorted(results.values):
        if unseen := results.summary_of(tool).get("not_looked_at_for_lack_of_time"):
            remarks.append(f"{tool} had no time for {unseen:,} files")
    if dropped := results.not_kept():
        remarks.append(
            f"{dropped:,} lesser findings were over the limit of 256 kB a tool; their counts are kept."
        )
    return "## Remarks\n\n" + "\n".join(f"- {remark}" for remark in remarks) if remarks else ""


def _plain(text: str) -> str:
    """Text from a hostile tree must not become Markdown or HTML of ours."""
    return "".join("\\" + char if char in "\\`*[]|<>" else char for char in _one_line(text))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]
