"""`make bench [B=name]`: runs the benchmarks beside this file and prints a table; each run is kept as JSON.

A benchmark is a module with `async def measure(stack) -> list[Row]`. Every figure that has a target has a
reference measured in the same run, so that a slower machine moves both.
"""

import asyncio
import importlib
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from bench.row import Row  # noqa: E402
from bench.warm_broker import warm  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from support.stack import Infra, infra  # noqa: E402

from agentbus.observability.setup import configure  # noqa: E402

RESULTS = HERE.parent.parent / "bench" / "results"


def modules() -> dict[str, ModuleType]:
    """Returns the benchmarks by name."""
    names = sorted(path.stem for path in HERE.glob("*.py"))
    found = {name: importlib.import_module(f"bench.{name}") for name in names if name != Path(__file__).stem}
    return {name: module for name, module in found.items() if hasattr(module, "measure")}


async def run(names: list[str]) -> dict[str, list[Row]]:
    """Runs the named benchmarks one after the other on one stack; tells on standard error which runs."""
    known = modules()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"no benchmark {', '.join(unknown)}; there is: {', '.join(known)}")
    rows = {}
    async with infra() as stack:
        await warm(stack.kafka_bootstrap)
        for name in names or known:
            print(f"{name} …", file=sys.stderr, flush=True)
            rows[name] = await _measure(known[name], stack)
    return rows


async def _measure(module: ModuleType, stack: Infra) -> list[Row]:
    measured: list[Row] = await module.measure(stack)
    return measured


def keep(rows: dict[str, list[Row]]) -> Path:
    """Writes the run's figures and what machine they are from; returns the file."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    machine = {"cores": os.cpu_count(), "load": os.getloadavg(), "python": platform.python_version()}
    figures = {name: [asdict(row) for row in each] for name, each in rows.items()}
    path.write_text(json.dumps({"machine": machine, "benchmarks": figures}, indent=2))
    return path


def number(value: float) -> str:
    """Returns a figure with as many digits as tell something."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def table(rows: dict[str, list[Row]]) -> Table:
    """Returns the figures for people."""
    shown = Table("figure", "value", "reference", "ratio", "target", "", box=None, pad_edge=False)
    for row in (row for each in rows.values() for row in each):
        reference = (
            "" if row.reference_value is None else f"{number(row.reference_value)} {row.reference_name}"
        )
        ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
        mark = {True: "[green]met[/green]", False: "[red]missed[/red]", None: ""}[row.met]
        shown.add_row(row.name, f"{number(row.value)} {row.unit}", reference, ratio, row.target, mark)
    return shown


if __name__ == "__main__":
    configure("bench", level="WARNING", format="console")
    measured = asyncio.run(run(sys.argv[1:]))
    Console(width=None if sys.stdout.isatty() else 200).print(table(measured))
    print(f"kept in {keep(measured).relative_to(Path.cwd())}", file=sys.stderr)
