"""A consumer in a process of its own, to be killed: `python -m support.consuming_process BOOTSTRAP NS`.

Writes a line `<key>:<number>` for each record when it has handled its batch, slowly.
"""

import asyncio
import sys
from collections.abc import Sequence

from support.work_topic import GROUP, WORK

from agentbus.bus.address import BusAddress
from agentbus.bus.delivery import Batch, Delivery, Poison


async def handle(batch: Batch) -> Sequence[Poison]:
    await asyncio.sleep(0.02)
    for record in batch.records:
        print(record.value.decode(), flush=True)
    await asyncio.sleep(0.02)
    return []


if __name__ == "__main__":
    address = BusAddress(sys.argv[1], sys.argv[2])

    async def main() -> None:
        await Delivery(address, topics=[WORK], group=GROUP, handler=handle, max_batch_records=5).run()

    asyncio.run(main())
