"""A process that fills an outbox until it is killed: `python -m support.appending_process PATH BOOTSTRAP NS`.

Writes a line `<key>:<number>` for each record that the outbox said was durable.
"""

import asyncio
import itertools
import sys
from pathlib import Path

from support.work_topic import WORK

from agentbus.bus.address import BusAddress
from agentbus.bus.outbox import Outbox, Relay


async def main(path: Path, address: BusAddress) -> None:
    outbox = Outbox(path)
    async with Relay(outbox, address):
        await asyncio.gather(*(_append(outbox, f"k{number}") for number in range(5)))


async def _append(outbox: Outbox, key: str) -> None:
    for number in itertools.count():
        await outbox.append(WORK, key, f"{key}:{number}".encode(), "work.v1")
        print(f"{key}:{number}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), BusAddress(sys.argv[2], sys.argv[3])))
