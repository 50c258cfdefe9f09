"""Finds the tests, by the naming habits of each language, and counts those of Python by their syntax tree."""

import re
from collections import Counter
from typing import Final

from agentbus.runner.teams.review.finding import Finding, ToolResult
from agentbus.runner.teams.review.languages import is_code, language_of
from agentbus.runner.teams.review.sources import Sources, is_python

_TEST_FILE: Final = re.compile(
    r"(^|/)(test_[^/]*\.py|[^/]*_test\.(py|go|c|cc|cpp|rb|dart|exs?)|[^/]*\.(test|spec)\.[cm]?[jt]sx?"
    r"|[^/]*(Test|Tests|Spec|IT)\.(java|kt|scala|cs|swift|php)|[^/]*_spec\.rb|tests?/[^/]*\.rs)$"
)
_PYTHON_TEST: Final = re.compile(r"^\s*(?:async\s+)?def\s+test\w*\s*\(", re.MULTILINE)
_RUST_TEST: Final = re.compile(r"^\s*#\[(?:\w+::)?test\]", re.MULTILINE)


def run(sources: Sources) -> ToolResult:
    """Returns test files per language and Python's test functions; code without any test is a finding."""
    files: Counter[str] = Counter()
    test_lines = code_lines = functions = 0
    for source in sources.each(lambda path: is_code(language_of(path))):
        code_lines += len(source.lines)
        if not (is_test(source.path) or (source.path.endswith(".rs") and _RUST_TEST.search(source.text))):
            continue
        files[source.language] += 1
        test_lines += len(source.lines)
        functions += len(_PYTHON_TEST.findall(source.text)) if is_python(source.path) else 0
    summary = {
        "test_files": dict(files.most_common()),
        "python_test_functions": functions,
        "test_lines_percent": round(100 * test_lines / code_lines, 1) if code_lines else 0.0,
    }
    return ToolResult(summary, [_none()] if code_lines and not files else [])


def is_test(path: str) -> bool:
    """Tells whether the file holds tests, by its name."""
    return _TEST_FILE.search(path) is not None


def _none() -> Finding:
    return Finding(".", 0, "tests", "medium", "no-tests", "no tests were found in this tree")
