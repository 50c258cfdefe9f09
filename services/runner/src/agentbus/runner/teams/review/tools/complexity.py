"""Cyclomatic complexity of Python functions, by radon.

The bounds are radon's ranks: over 10 moderate, over 20 complex, over 30 alarming (McCabe, "A Complexity
Measure", IEEE TSE 1976, asks for 10 at most).
"""

import ast
import warnings
from collections import Counter

from radon.complexity import cc_rank, cc_visit_ast  # type: ignore[import-untyped]
from radon.visitors import Class  # type: ignore[import-untyped]

from agentbus.runner.teams.review.finding import Finding, ToolResult
from agentbus.runner.teams.review.sources import Source, Sources


def run(sources: Sources) -> ToolResult:
    """Returns the distribution of ranks and the average; functions over 10 are findings."""
    ranks: Counter[str] = Counter()
    total = 0
    findings: list[Finding] = []
    for source in sources.python():
        for name, line, complexity in _functions(source):
            ranks[cc_rank(complexity)] += 1
            total += complexity
            if complexity > 10:
                findings.append(_finding(source.path, line, name, complexity))
    count = ranks.total()
    summary = {
        "tool": "radon",
        "functions": count,
        "average": round(total / count, 2) if count else None,
        "functions_by_rank": dict(sorted(ranks.items())),
    }
    return ToolResult(summary, findings)


def _functions(source: Source) -> list[tuple[str, int, int]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            blocks = cc_visit_ast(ast.parse(source.content))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [
        (block.fullname, block.lineno, block.complexity) for block in blocks if not isinstance(block, Class)
    ]


def _finding(path: str, line: int, name: str, complexity: int) -> Finding:
    severity = "high" if complexity > 30 else "medium" if complexity > 20 else "low"
    message = f"{name} has a cyclomatic complexity of {complexity}"
    return Finding(path, line, "complexity", severity, f"rank-{cc_rank(complexity)}", message)
