"""The campaign's table, for people and as JSON beside the benchmarks'."""

import dataclasses
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest
from rich.console import Console
from rich.table import Table
from support.campaign.fault import Outcome

RESULTS = Path(__file__).parents[3] / "bench" / "results"

_PROPERTY: Final = "fault"


def tell(record_property: Callable[[str, object], None], outcome: Outcome) -> None:
    """Keeps a row with its test's report, which comes to the one process that prints."""
    record_property(_PROPERTY, dataclasses.asdict(outcome))


def write(reporter: pytest.TerminalReporter, path: str | None) -> None:
    """Ends the run's output with the table of the rows that were told, and keeps them as JSON."""
    reports = (report for each in reporter.stats.values() for report in each)
    rows = [
        Outcome(**value)
        for report in reports
        if getattr(report, "when", "") == "teardown"
        for name, value in report.user_properties
        if name == _PROPERTY
    ]
    if rows:
        reporter.section("fault campaign")
        reporter.write_line(table(rows))
        reporter.write_line(f"kept in {keep(rows, Path(path) if path else None)}")


def table(outcomes: Sequence[Outcome]) -> str:
    """Returns the rows as text: fault, load, messages, lost, doubled, recovery seconds."""
    shown = Table("fault", "load", box=None, pad_edge=False)
    for column in ("messages", "lost", "doubled", "recovery s"):
        shown.add_column(column, justify="right")
    shown.add_column()
    for row in outcomes:
        recovery = "never" if row.recovery_seconds is None else f"{row.recovery_seconds:.1f}"
        verdict = "" if row.survived else "FAILED"
        shown.add_row(
            row.fault, row.load, f"{row.messages:,}", str(row.lost), str(row.doubled), recovery, verdict
        )
    console = Console(width=200, color_system=None)
    with console.capture() as captured:
        console.print(shown)
    return captured.get()


def keep(outcomes: Sequence[Outcome], path: Path | None = None) -> Path:
    """Writes the rows and what machine they are from; returns the file."""
    path = path or RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}-faults.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    machine = {"cores": os.cpu_count(), "load": os.getloadavg(), "python": platform.python_version()}
    path.write_text(
        json.dumps({"machine": machine, "faults": [dataclasses.asdict(row) for row in outcomes]}, indent=2)
    )
    return path
