"""A broker that has run for a while. A new one compiles its code as it works, and is slower until then."""

import asyncio

from agentbus.bus.address import BusAddress
from agentbus.bus.producer import Producer
from agentbus.bus.provisioning import Wanted, provision
from agentbus.bus.record import Record
from agentbus.bus.tail import Tail

_TOPIC, _RECORDS, _AT_ONCE = "warm-up", 20_000, 10


async def warm(bootstrap: str) -> None:
    """Sends records one by one, ten at a time, and follows them until all have come back."""
    address, seen, done = BusAddress(bootstrap, ""), 0, asyncio.Event()
    await provision(address, [Wanted(_TOPIC, 6)])

    def tailed(records: list[Record]) -> None:
        nonlocal seen
        seen += len(records)
        if seen >= _RECORDS:
            done.set()

    async def send() -> None:
        for number in range(_RECORDS // _AT_ONCE):
            await producer.send(_TOPIC, str(number), b"x" * 700, schema="none")

    tail, producer = Tail(address, [_TOPIC], tailed), Producer(address)
    await tail.start()
    try:
        await asyncio.gather(*(send() for _ in range(_AT_ONCE)))
        await done.wait()
    finally:
        await producer.stop()
        await tail.stop()
