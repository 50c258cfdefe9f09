"""Lints Python with ruff, isolated from any configuration in the tree."""

import json
import os.path
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ruff import find_ruff_bin  # type: ignore[import-untyped]

from agentbus.runner.teams.review.finding import Finding, ToolResult
from agentbus.runner.teams.review.redaction import redacted
from agentbus.runner.teams.review.sources import Sources, is_python

_RULES: Final = "F,E9,B,PLE,ASYNC,DTZ,BLE,RUF006"
_DEAD_CODE: Final = frozenset({"F401", "F811", "F841"})
_HIGH: Final = ("E9", "PLE", "F821", "F822", "F823", "F70")
_ARGUMENT_BYTES: Final = 100_000


def run(sources: Sources) -> ToolResult:
    """Returns findings per rule. Syntax errors are left to the syntax tool."""
    rules: Counter[str] = Counter()
    findings: list[Finding] = []
    for chunk in chunks([path for path in sources.paths if is_python(path)]):
        for diagnostic in _ruff(chunk):
            code = diagnostic["code"]
            if code is None or code == "invalid-syntax":
                continue
            rules[code] += 1
            findings.append(_finding(code, diagnostic))
    return ToolResult(
        {"tool": "ruff", "select": _RULES, "findings_by_rule": dict(rules.most_common())}, findings
    )


def chunks(paths: Sequence[str], limit_bytes: int = _ARGUMENT_BYTES) -> Iterator[list[str]]:
    """Yields the paths in runs that fit on a command line."""
    chunk: list[str] = []
    size = 0
    for path in paths:
        if chunk and size + len(path.encode()) + 3 > limit_bytes:
            yield chunk
            chunk, size = [], 0
        chunk.append(path)
        size += len(path.encode()) + 3
    if chunk:
        yield chunk


def _ruff(paths: Sequence[str]) -> list[dict[str, Any]]:
    """Returns ruff's diagnostics, with paths as they were given."""
    options = ["--isolated", "--no-cache", "--quiet", "--exit-zero", f"--select={_RULES}"]
    command = [find_ruff_bin(), "check", *options, "--output-format=json-lines", "--"]
    ended = subprocess.run(  # noqa: S603  ruff's own binary, paths behind `--`
        [*command, *(f"./{path}" for path in paths)], capture_output=True, check=False
    )
    if ended.returncode != 0:
        raise RuntimeError(
            f"ruff ended with {ended.returncode}: {ended.stderr[-300:].decode(errors='replace')}"
        )
    return [json.loads(line) for line in ended.stdout.splitlines()]


def _finding(code: str, diagnostic: dict[str, Any]) -> Finding:
    path = os.path.relpath(diagnostic["filename"])
    category = "dead code" if code in _DEAD_CODE else "lint"
    severity = "high" if code.startswith(_HIGH) else "low" if category == "dead code" else "medium"
    return Finding(
        path, diagnostic["location"]["row"], category, severity, code, redacted(diagnostic["message"])
    )
