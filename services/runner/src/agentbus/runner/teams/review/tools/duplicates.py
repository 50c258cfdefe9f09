"""Finds code that was copied: runs of at least 12 like lines, whatever their indentation, in any language.

Written here because the kept tools do not fit: pylint's checker needs all of pylint and knows Python only,
PMD CPD needs Java, jscpd needs Node. The method is the window hashing of Karp and Rabin over lines, as in
B. S. Baker, "On Finding Duplication and Near-Duplication in Large Software Systems", WCRE 1995.
"""

import re
from collections.abc import Iterator
from typing import Final

from agentbus.runner.teams.review.finding import Finding, ToolResult
from agentbus.runner.teams.review.languages import is_code
from agentbus.runner.teams.review.sources import Source, Sources

WINDOW_LINES: Final = 12
_MARGIN: Final = re.compile(r"\W*")
_BORING: Final = ("#", "//", "/*", "*", "--", "import ", "from ", "use ", "using ", "package ", "#include")
_Line = tuple[int, str]


def run(sources: Sources) -> ToolResult:
    """Returns how many lines are copies; each run of them is one finding, at the later place."""
    seen: dict[int, tuple[str, int]] = {}
    findings: list[Finding] = []
    code_lines = copied_lines = 0
    for source in sources.each():
        if not is_code(source.language):
            continue
        lines = list(_telling_lines(source))
        code_lines += len(lines)
        for start, end, (path, line) in _copies(source.path, lines, seen):
            copied_lines += end - start
            first, last = lines[start][0], lines[end - 1][0]
            message = f"lines {first} to {last} are a copy of {path}:{line}"
            severity = "medium" if end - start >= 4 * WINDOW_LINES else "low"
            findings.append(Finding(source.path, first, "duplicate", severity, "copied-code", message))
    share = round(100 * copied_lines / code_lines, 1) if code_lines else 0.0
    figures = {"code_lines": code_lines, "copied_lines": copied_lines, "copied_percent": share}
    return ToolResult(figures, findings)


def _telling_lines(source: Source) -> Iterator[_Line]:
    """Yields the lines that say something: neither blank, nor comment, nor import, nor brackets alone."""
    for number, line in enumerate(source.lines, start=1):
        text = " ".join(line.split())
        if text and not text.startswith(_BORING) and not _MARGIN.fullmatch(text):
            yield number, text


def _copies(
    path: str, lines: list[_Line], seen: dict[int, tuple[str, int]]
) -> Iterator[tuple[int, int, tuple[str, int]]]:
    """Yields (start, end, original place) of runs in `lines` that were seen before; remembers the others."""
    windows = [
        hash(tuple(text for _, text in lines[start : start + WINDOW_LINES]))
        for start in range(len(lines) - WINDOW_LINES + 1)
    ]
    last_start: dict[int, int] = {}
    start = 0
    while start < len(windows):
        place = seen.get(windows[start])
        overlap = place is not None and place[0] == path and last_start[windows[start]] + WINDOW_LINES > start
        if place is None or overlap:
            seen.setdefault(windows[start], (path, lines[start][0]))
            last_start.setdefault(windows[start], start)
            start += 1
            continue
        end = start
        while end < len(windows) and windows[end] in seen:
            end += 1
        stop = end - 1 + WINDOW_LINES
        yield start, stop, place
        start = stop
