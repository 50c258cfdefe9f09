"""Finds insecure Python, by bandit. Tests are left out: they do insecure things on purpose."""

import io
import logging
from collections import Counter
from typing import Any, Final

from bandit.core.config import BanditConfig  # type: ignore[import-untyped]
from bandit.core.manager import BanditManager  # type: ignore[import-untyped]

from agentbus.runner.teams.review.finding import Finding, ToolResult
from agentbus.runner.teams.review.sources import Sources, is_python
from agentbus.runner.teams.review.tools.tests_found import is_test

_SEVERITY: Final = {"HIGH": "high", "MEDIUM": "medium", "LOW": "info"}
_SECRETS: Final = frozenset({"B105", "B106", "B107"})
_NOT_TOLD: Final = frozenset({"B101"})


def run(sources: Sources) -> ToolResult:
    """Returns counts per rule. Passwords that bandit quotes are not told."""
    logging.disable(logging.CRITICAL)
    manager = BanditManager(BanditConfig(), "file")
    tests = sum(is_python(path) and is_test(path) for path in sources.paths)
    for source in sources.each(lambda path: is_python(path) and not is_test(path)):
        # Its public entry opens files by name; this is the same step with a content that is confined.
        manager._parse_file(source.path, io.BytesIO(source.content), [source.path])
    issues = [issue for issue in manager.results if issue.test_id not in _NOT_TOLD]
    rules = Counter(f"{issue.test_id} {issue.test}" for issue in issues)
    summary = {
        "tool": "bandit",
        "findings_by_rule": dict(rules.most_common()),
        "test_files_left_out": tests,
        "files_it_could_not_read": len(manager.skipped),
    }
    return ToolResult(summary, [_finding(issue) for issue in issues])


def _finding(issue: Any) -> Finding:
    secret = issue.test_id in _SECRETS
    message = "possible hard-coded password" if secret else " ".join(issue.text.split())
    category = "secret" if secret else "security"
    return Finding(
        issue.fname, issue.lineno, category, _SEVERITY.get(issue.severity, "info"), issue.test_id, message
    )
