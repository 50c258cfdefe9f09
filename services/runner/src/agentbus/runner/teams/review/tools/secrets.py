"""Finds secrets that were left in the source, by detect-secrets, without asking any server about them.

A finding says the kind and the line. The value, or a hash that short values could be guessed from, never
leaves this process.
"""

import re
from collections import Counter
from typing import Final

from detect_secrets.core.scan import scan_file
from detect_secrets.plugins.base import BasePlugin
from detect_secrets.plugins.high_entropy_strings import HighEntropyStringsPlugin
from detect_secrets.plugins.keyword import DENYLIST, KeywordDetector
from detect_secrets.settings import default_settings, get_plugins

from agentbus.runner.teams.review.finding import Finding, ToolResult
from agentbus.runner.teams.review.languages import language_of
from agentbus.runner.teams.review.sources import Source, Sources
from agentbus.runner.teams.review.tools.tests_found import is_test

_SURE: Final = frozenset(
    {"Private Key", "AWS Access Key", "GitHub Token", "GitLab Token", "Slack Token", "Stripe Access Key"}
)
_NOISY: Final = frozenset({"Base64 High Entropy String", "Hex High Entropy String", "Secret Keyword"})
_PROSE: Final = frozenset({"Markdown", "reStructuredText"})
_SETTINGS: Final = (".yaml", ".yml", ".ini", ".cfg", ".conf", ".env", ".properties", ".toml")
_KEYWORD: Final = re.compile(rf"(?:{'|'.join(DENYLIST)})[^\n]{{0,40}}[:=(\"']", re.IGNORECASE)
_LINE_CHARACTERS: Final = 20_000


def run(sources: Sources) -> ToolResult:
    """Returns counts per kind of secret."""
    kinds: Counter[str] = Counter()
    findings: list[Finding] = []
    with default_settings():
        for source in sources.each():
            if not _suspicious(source):
                continue
            for secret in scan_file(source.path):
                kinds[secret.type] += 1
                findings.append(_finding(source.path, secret.line_number, secret.type))
    return ToolResult({"tool": "detect-secrets", "kinds": dict(sorted(kinds.items()))}, findings)


def _suspicious(source: Source) -> bool:
    """Tells whether a full scan can find anything: on the whole text at once, which is ten times faster.

    The full scan goes line by line with all its filters, and most files have nothing to filter.
    """
    if any(len(line) > _LINE_CHARACTERS for line in source.lines):
        return False
    if source.path.endswith(_SETTINGS) or _KEYWORD.search(source.text):
        return True
    return any(_matches(plugin, source.text) for plugin in get_plugins())


def _matches(plugin: BasePlugin, text: str) -> bool:
    if isinstance(plugin, KeywordDetector):
        return False
    found = plugin.analyze_string(text)
    if isinstance(plugin, HighEntropyStringsPlugin):
        return any(plugin.calculate_shannon_entropy(text) > plugin.entropy_limit for text in set(found))
    return any(True for _ in found)


def _finding(path: str, line: int, kind: str) -> Finding:
    severity = "high" if kind in _SURE else "medium"
    if kind in _NOISY and (is_test(path) or language_of(path) in _PROSE):
        severity = "info"
    return Finding(path, line, "secret", severity, kind, f"possible secret in the source: {kind}")
