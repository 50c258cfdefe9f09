"""Counts what there is: languages by files and lines, binary files, the largest files."""

from collections import Counter
from typing import Final

from agentbus.runner.teams.review.finding import Finding, ToolResult
from agentbus.runner.teams.review.languages import is_code
from agentbus.runner.teams.review.sources import Source, Sources

_LONG_FILE_LINES: Final = 1000


def run(sources: Sources) -> ToolResult:
    """Returns files and lines per language; code files of over 1,000 lines are findings."""
    files: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    longest: list[tuple[int, str]] = []
    findings: list[Finding] = []
    binary = broken = 0
    for source in sources.each_file():
        if source.binary:
            binary += 1
            continue
        count = _line_count(source)
        broken += "\ufffd" in source.text
        files[source.language] += 1
        lines[source.language] += count
        if is_code(source.language):
            longest.append((count, source.path))
            if count > _LONG_FILE_LINES:
                findings.append(_long(source.path, count))
    languages = {
        name: {"files": files[name], "lines": count} for name, count in sorted(lines.items(), key=_by_size)
    }
    summary = {
        "files": sum(files.values()) + binary,
        "lines": sum(lines.values()),
        "languages": languages,
        "binary_files": binary,
        "files_not_utf8": broken,
        "longest": [{"path": path, "lines": count} for count, path in sorted(longest, reverse=True)[:5]],
    }
    return ToolResult(summary, findings)


def _line_count(source: Source) -> int:
    return len(source.lines) - (source.lines[-1] == "")


def _by_size(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _long(path: str, count: int) -> Finding:
    return Finding(path, 1, "size", "low", "long-file", f"{count} lines in one file")
