"""Finds Python code that nothing uses, by vulture over the whole tree.

Only what vulture is sure of, and functions and classes without a decorator whose name occurs nowhere else:
attributes and methods give too many false alarms to help.
"""

import ast
import warnings
from collections import Counter
from typing import Any, Final

from vulture.core import Vulture  # type: ignore[import-untyped]

from agentbus.runner.teams.review.finding import Finding, ToolResult
from agentbus.runner.teams.review.sources import Source, Sources
from agentbus.runner.teams.review.tools.tests_found import is_test

_SURE_PERCENT: Final = 80
_POSSIBLE: Final = frozenset({"function", "class"})


def run(sources: Sources) -> ToolResult:
    """Returns counts per kind. A tree that was not seen whole gives only what is sure."""
    vulture = Vulture(ignore_decorators=["@*"])
    for source in sources.python():
        if _parses(source):
            vulture.scan(source.text, source.path)
    items = [item for item in vulture.get_unused_code(min_confidence=60) if _telling(item, sources)]
    kinds = Counter(item.typ for item in items)
    return ToolResult(
        {"tool": "vulture", "unused_by_kind": dict(sorted(kinds.items()))}, [_finding(item) for item in items]
    )


def _parses(source: Source) -> bool:
    """Vulture would print the broken line, which may hold anything."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(source.text, type_comments=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _telling(item: Any, sources: Sources) -> bool:
    if item.confidence >= _SURE_PERCENT:
        return True
    return item.typ in _POSSIBLE and not sources.unseen and not is_test(str(item.filename))


def _finding(item: Any) -> Finding:
    severity = "low" if item.confidence >= _SURE_PERCENT else "info"
    rule = f"unused-{item.typ.replace('_', '-')}"
    message = f"{item.message} ({item.confidence} % sure)"
    return Finding(str(item.filename), item.first_lineno, "dead code", severity, rule, message)
