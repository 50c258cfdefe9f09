"""A comparison as people and scripts read it: a table, or JSON lines. Used by `verify` and `rebuild`."""

import json
from collections import Counter
from typing import Any, Final

import typer
from rich.console import Console
from rich.table import Table

from agentbus.cli.repair.difference import Report
from agentbus.cli.rows import print_rows

DIFFERENT: Final = 4
"""The exit code for: it was done, and log and database differ."""


def counts(report: Report) -> dict[str, Any]:
    """Returns what was looked at and how many differences of each kind there are, as a JSON object."""
    return {
        "plans": report.plans,
        "messages": report.messages,
        "stored": report.stored,
        "unstored": report.unstored,
        "unchecked": report.unchecked,
        "dead_letters": report.dead_letters,
        "differences": dict(Counter(each.kind.value for each in report.differences)),
    }


def print_json(report: Report, **more: Any) -> None:
    """Prints a line a difference, and the counts as the last line, whose `kind` is `summary`."""
    for each in report.differences:
        typer.echo(json.dumps(each.about()))
    typer.echo(json.dumps({"kind": "summary", **counts(report), **more}))


def print_table(report: Report, limit: int) -> None:
    """Prints what was looked at, then up to `limit` differences."""
    console = Console(highlight=False)
    _print_counts(console, report)
    if report.clean:
        console.print("[green]log and database agree[/green]")
        return
    rows = [(each.kind.value, each.plan_id, each.seqs, each.detail) for each in report.differences[:limit]]
    print_rows(("difference", "plan", "seq", "detail"), rows, whole=3)
    if len(report.differences) > limit:
        console.print(f"… and {len(report.differences) - limit} more; --json has all of them", style="dim")
    console.print(f"[red]log and database differ[/red] in {len(report.differences)} ways")


def _print_counts(console: Console, report: Report) -> None:
    rows = {
        "plans": report.plans,
        "messages to be stored": report.messages,
        "documents": report.stored,
        "not stored yet (lag)": report.unstored,
        "older than the log": report.unchecked,
        "dead letters that wait": report.dead_letters,
    }
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(justify="right")
    table.add_column()
    for name, number in rows.items():
        if number or name in ("plans", "messages to be stored", "documents"):
            table.add_row(str(number), name)
    console.print(table)
