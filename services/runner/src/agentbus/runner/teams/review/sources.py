"""The files that a tool looks at, read within the tree and within a time budget. Used in the worker process.

Whatever is in a file (binary, broken encoding, gone meanwhile) reading it does not fail. A tool that has used
up its time stops between two files, and its summary says how many it has not seen.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

from agentbus.runner.source_tree import SourceTree
from agentbus.runner.teams.review.languages import PYTHON, language_of


class Source:
    """One file."""

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self.content = content
        self.language = language_of(path)

    @property
    def binary(self) -> bool:
        """True when it is no text: a NUL in its first 8 kB, as git has it."""
        return b"\0" in self.content[:8192]

    @cached_property
    def text(self) -> str:
        """The content as text; what is not UTF-8 becomes U+FFFD."""
        return self.content.decode("utf-8-sig", "replace")

    @cached_property
    def lines(self) -> list[str]:
        """The text's lines, divided as editors do."""
        return self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


class Sources:
    """All listed files of the tree."""

    def __init__(self, tree: SourceTree, paths: Sequence[str], time_seconds: float) -> None:
        self.tree = tree
        self.paths = paths
        self._deadline = time.monotonic() + time_seconds
        self.unseen = 0

    def each(self, wanted: Callable[[str], bool] = lambda _: True) -> Iterator[Source]:
        """Yields the text files whose path is `wanted`, until the time is used up."""
        for source in self.each_file(wanted):
            if not source.binary:
                yield source

    def each_file(self, wanted: Callable[[str], bool] = lambda _: True) -> Iterator[Source]:
        """Yields the files whose path is `wanted`, binary ones too, until the time is used up."""
        paths = [path for path in self.paths if wanted(path)]
        for position, path in enumerate(paths):
            if time.monotonic() > self._deadline:
                self.unseen += len(paths) - position
                return
            try:
                content = self.tree.read(path)
            except OSError:
                continue
            yield Source(path, content)

    def python(self) -> Iterator[Source]:
        """Yields the Python files."""
        return self.each(is_python)

    def facts(self) -> dict[str, Any]:
        """Returns what a summary must add: nothing, or how many files were not looked at."""
        return {"not_looked_at_for_lack_of_time": self.unseen} if self.unseen else {}


def is_python(path: str) -> bool:
    """Tells whether the file is Python by its name."""
    return language_of(path) == PYTHON
