"""Reads every source file as a syntax tree: `ast` for Python, tree-sitter for the other languages.

The grammars are in the installed wheel; nothing is fetched.
"""

import ast
import warnings
from collections import Counter
from typing import Final

from tree_sitter import Node, Parser
from tree_sitter_language_pack import SupportedLanguage, get_parser

from agentbus.runner.teams.review.finding import Finding, ToolResult
from agentbus.runner.teams.review.languages import grammar_of
from agentbus.runner.teams.review.sources import Source, Sources, is_python

_PARSED_BYTES: Final = 512 * 1024


def run(sources: Sources) -> ToolResult:
    """Returns how many files were parsed per language; what cannot be parsed is a finding."""
    parsed: Counter[str] = Counter()
    definitions: Counter[str] = Counter()
    findings: list[Finding] = []
    for source in sources.each(lambda path: is_python(path) or grammar_of(path) is not None):
        finding = _python(source, definitions) if is_python(source.path) else _other(source)
        parsed[source.language] += 1
        if finding is not None:
            findings.append(finding)
    summary = {
        "files_parsed": dict(parsed.most_common()),
        "files_with_errors": len(findings),
        "python_definitions": dict(sorted(definitions.items())),
    }
    return ToolResult(summary, findings)


def _python(source: Source, definitions: Counter[str]) -> Finding | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source.content)
    except SyntaxError as error:
        return _finding(source, error.lineno or 1, "high", error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        return _finding(source, 1, "high", f"cannot be parsed: {type(error).__name__}")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            definitions["functions"] += 1
        elif isinstance(node, ast.ClassDef):
            definitions["classes"] += 1
    return None


def _other(source: Source) -> Finding | None:
    if len(source.content) > _PARSED_BYTES:
        return None
    tree = _parser(grammar_of(source.path)).parse(source.content)
    if not tree.root_node.has_error:
        return None
    wrong = _first_error(tree.root_node)
    what = f"a {wrong.type} is missing" if wrong.is_missing else "unexpected text"
    return _finding(
        source, wrong.start_point.row + 1, "medium", f"{what} (the {source.language} grammar says)"
    )


_parsers: dict[str, Parser] = {}


def _parser(grammar: str | None) -> Parser:
    assert grammar is not None
    if grammar not in _parsers:
        name: SupportedLanguage = grammar  # type: ignore[assignment]
        _parsers[grammar] = get_parser(name)
    return _parsers[grammar]


def _first_error(node: Node) -> Node:
    """Descends to the first node that is itself wrong; every node on the way `has_error`."""
    while not (node.is_error or node.is_missing):
        below = next((child for child in node.children if child.has_error or child.is_missing), None)
        if below is None:
            break
        node = below
    return node


def _finding(source: Source, line: int, severity: str, message: str) -> Finding:
    return Finding(source.path, line, "syntax", severity, "syntax-error", message)
