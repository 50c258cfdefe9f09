"""Tells a person what is being waited for: moving lines in a terminal, plain lines when piped."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Report(Protocol):
    """Receives the state of a part; may be called from several threads."""

    def __call__(self, part: str, text: str, *, done: bool = False) -> None:
        """`text` replaces what was said about `part` before; `done` is said once, last."""
        ...


def silent(part: str, text: str, *, done: bool = False) -> None:
    """Says nothing: for tests and scripts."""


class PlainReport:
    """A line for a part's first and last state, and at most one every `every_seconds` between."""

    def __init__(self, every_seconds: float = 5.0) -> None:
        self._every_seconds = every_seconds
        self._last: dict[str, float] = {}

    def __call__(self, part: str, text: str, *, done: bool = False) -> None:
        """Prints the line when it is due."""
        now = time.monotonic()
        if done or now - self._last.get(part, float("-inf")) >= self._every_seconds:
            self._last[part] = now
            print(f"{part}: {text}", file=sys.stderr, flush=True)  # noqa: T201  this is its purpose


class _LiveReport:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, part: str, text: str, *, done: bool = False) -> None:
        if part not in self._tasks:
            self._tasks[part] = self._bars.add_task("", total=1)
        mark = "[green]✓[/green] " if done else ""
        self._bars.update(
            self._tasks[part], description=f"{mark}[bold]{part}[/bold] {text}", completed=int(done)
        )


@contextmanager
def reporting() -> Iterator[Report]:
    """Gives the report that suits standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield PlainReport()
        return
    columns = (SpinnerColumn(finished_text=" "), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        yield _LiveReport(bars)
