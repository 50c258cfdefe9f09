"""Keeps secrets out of what is published: a text that may hold one is withheld. Used in the worker."""

import re
from functools import cache
from typing import Final

from detect_secrets.plugins.base import BasePlugin
from detect_secrets.settings import default_settings, get_plugins

WITHHELD: Final = "(withheld: it may hold a secret)"
_NAMED: Final = re.compile(
    r"(?i)(pass(word|wd|phrase)?|secret|token|api[_-]?key|credential)\w*[\"'\]]?\s*(:|=|\bis\b)"
    r"|://[^/\s:@]+:[^/\s@]+@"
)
_RANDOM: Final = re.compile(r"(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+=-]{24,}|[0-9a-f]{20,}")


def redacted(text: str) -> str:
    """Returns `text`, or a remark in its place when it looks as if it held a secret."""
    return WITHHELD if _NAMED.search(text) or _RANDOM.search(text) or _detected(text) else text


def _detected(text: str) -> bool:
    return any(plugin.analyze_line(filename="", line=text, line_number=1) for plugin in _plugins())


@cache
def _plugins() -> tuple[BasePlugin, ...]:
    with default_settings():
        return tuple(get_plugins())
