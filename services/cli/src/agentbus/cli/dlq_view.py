"""Dead letters as people and scripts see them. What stands in them steers no terminal. Used by `dlq`."""

import json
from collections import Counter
from typing import Final, Protocol

import typer
from rich.console import Console

from agentbus.cli.letters import Found
from agentbus.cli.plan_view import printable
from agentbus.cli.rows import print_rows

_VALUE_SHOWN_BYTES: Final = 4096
_COLUMNS: Final = ("place", "code", "replayed", "time", "key", "reason")


class View(Protocol):
    """Is given dead letters one after the other."""

    def take(self, found: Found) -> bool:
        """Takes the next one; False when it has seen enough."""
        ...

    def close(self) -> None:
        """Prints what is left to say."""
        ...


class Lines:
    """A JSON object a line, as they come."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit

    def take(self, found: Found) -> bool:
        """Prints the line."""
        typer.echo(json.dumps(found.about()))
        if self._left is not None:
            self._left -= 1
        return self._left != 0

    def close(self) -> None:
        """Says nothing: the lines speak."""


class Listed:
    """A table of the first `limit`, and how many there are in all."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._total = self._replayed = 0
        self._rows: list[list[str]] = []

    def take(self, found: Found) -> bool:
        """Adds a row, or only counts."""
        self._total += 1
        self._replayed += found.replayed is not None
        if self._total <= self._limit:
            about = found.about()
            self._rows.append([str(about[column] or "") for column in _COLUMNS])
        return True

    def close(self) -> None:
        """Prints the table, and the counts on standard error."""
        if self._total:
            print_rows(_COLUMNS, self._rows, whole=3)
        words = f"{self._total} dead letters" if self._total else "no dead letters"
        if self._replayed:
            words += f", {self._replayed} of them put back"
        if self._total > self._limit:
            words += f"; the first {self._limit} are shown (--limit, --json)"
        Console(stderr=True, highlight=False).print(words)


class Counted:
    """How many, by topic, group and code, and how many of them were put back."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._found = Counter[tuple[str, str, str]]()
        self._replayed = Counter[tuple[str, str, str]]()

    def take(self, found: Found) -> bool:
        """Counts it."""
        kind = (found.letter.topic, found.letter.group, found.letter.code)
        self._found[kind] += 1
        self._replayed[kind] += found.replayed is not None
        return True

    def close(self) -> None:
        """Prints the counts."""
        names = ("topic", "group", "code", "letters", "replayed")
        rows = [(*kind, number, self._replayed[kind]) for kind, number in sorted(self._found.items())]
        if self._as_json:
            for row in rows:
                typer.echo(json.dumps(dict(zip(names, row, strict=True))))
            return
        if rows:
            print_rows(names, [[str(cell) for cell in row] for row in rows], whole=5)
        else:
            Console(stderr=True).print("no dead letters")


def show(found: Found) -> None:
    """Prints one whole, but for a long value."""
    about = {**found.about(), "replayed": found.replayed or "no"}
    for field, text in about.items():
        typer.echo(f"{field:>8}  {printable(str(text))}")
    for header, text in found.letter.original.headers:
        typer.echo(
            f"{'header':>8}  {printable(header)}: {printable(text.decode('utf-8', 'backslashreplace'))}"
        )
    raw = found.record.value
    value = raw[:_VALUE_SHOWN_BYTES].decode("utf-8", "backslashreplace")
    typer.echo(f"{'value':>8}  {printable(value)}")
    if len(raw) > _VALUE_SHOWN_BYTES:
        typer.echo(f"          … {len(raw) - _VALUE_SHOWN_BYTES} more bytes; --json has all of them")
