"""`make soak`: hours in small. Plans come, run and end in waves; no process may grow beyond its bound.

Prints, for every process, its memory after the warm-up (the first third) and at the end, and the slope by
least squares. Ends with 1 when one grows faster than its limit, or a wave loses or doubles a message.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.console import Console
from rich.table import Table
from support.campaign.load import Load, under_load
from support.campaign.log_check import check, marks
from support.campaign.memory import Growth, sampled
from support.stack import stack_home
from support.system import System, environment, token

from agentbus.embedded.progress import reporting
from agentbus.embedded.stack import Stack

WAVE = Load(plans=10, messages_per_second=60, seconds=15, sockets=6, readers=2)
WARM_UP = 1 / 3


async def soak(seconds: float) -> bool:
    """Runs waves for so long; returns whether nothing was lost or doubled and all memory is bounded."""
    with stack_home() as home, reporting() as report:
        async with Stack(home=home, environment=environment(), report=report) as stack:
            began = time.monotonic()
            async with sampled(stack) as samples:
                system, well = System(stack, token(stack)), True
                while time.monotonic() < began + seconds:
                    well = await _wave(system, time.monotonic() - began) and well
            grown = samples.growth(began + seconds * WARM_UP)
    Console(width=110).print(_table(grown))
    return well and all(each.bounded for each in grown)


async def _wave(system: System, after_seconds: float) -> bool:
    since = await marks(system)
    async with under_load(system, WAVE) as run:
        await run.over()
    found = await check(system, since, run)
    told = f"{found.messages} messages, {found.lost} lost, {found.doubled} doubled"
    print(f"{after_seconds:6.0f} s  {told}", *found.problems, sep="\n  ", flush=True)
    return not (found.lost or found.doubled or found.problems)


def _table(grown: list[Growth]) -> Table:
    table = Table("process", box=None, pad_edge=False)
    for column in ("after warm-up MB", "end MB", "slope MB/min", "limit"):
        table.add_column(column, justify="right")
    table.add_column()
    for each in grown:
        sizes = (f"{each.first:.1f}", f"{each.last:.1f}", f"{each.slope:+.2f}", f"{each.limit:.0f}")
        table.add_row(each.part, *sizes, "" if each.bounded else "GROWS")
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    sys.exit(0 if asyncio.run(soak(parser.parse_args().minutes * 60)) else 1)
