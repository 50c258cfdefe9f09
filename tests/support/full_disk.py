"""An outbox on a disk that runs full: `python -m support.full_disk FOLDER`, FOLDER being a small disk.

Exits with a traceback when a promise does not hold; else prints how many records found room.
"""

import asyncio
import sys
from pathlib import Path

from support.eventually import eventually

from agentbus.bus.outbox import Outbox
from agentbus.kernel.errors import Transient

VALUE_BYTES = 2_000


async def main(disk: Path) -> None:
    path = disk / "outbox.db"
    outbox = Outbox(path)
    stored = await fill(outbox, 0)
    print(f"room for {len(stored)} records")
    rows = await taken(outbox, len(stored))
    assert [number for _, number in rows] == stored, "what was kept is not what was said to be kept"

    outbox.acknowledge(rows[-1][0], len(rows))
    await eventually(lambda: has_room(outbox), within=20)
    print("what Kafka has made room again")

    more = [-1, *await fill(outbox, len(stored))]
    await outbox.close()
    again = Outbox(path)
    assert [number for _, number in await taken(again, len(more))] == more, (
        "a restart lost or doubled records"
    )
    print(f"room for {len(more)} records after it, the same after a restart")
    await again.close()


async def fill(outbox: Outbox, first: int) -> list[int]:
    """Appends until the disk is full; returns the numbers of the records that were kept."""
    kept: list[int] = []
    try:
        while True:
            await outbox.append("t", "k", record(first + len(kept)), "t.v1")
            kept.append(first + len(kept))
    except Transient as error:
        if "full" not in error.message:
            raise
        return kept


async def has_room(outbox: Outbox) -> None:
    try:
        await outbox.append("t", "k", record(-1), "t.v1")
    except Transient as error:
        raise AssertionError(error.message) from error


async def taken(outbox: Outbox, count: int) -> list[tuple[int, int]]:
    """Returns the ids and numbers of all `count` records that are kept."""
    outbox.rewind()
    rows: list[tuple[int, int]] = []
    while len(rows) < count:
        rows += [(row.id, int(row.record.value or b"0")) for row in await outbox.take()]
    assert outbox.pending() == count
    return rows


def record(number: int) -> bytes:
    """Returns a record's value, from which `int` reads the number."""
    return f"{number:>{VALUE_BYTES}}".encode()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
