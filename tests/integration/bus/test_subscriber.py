"""FastStream under our rules: nothing is skipped, nothing acknowledged by itself."""

import pytest
from support.eventually import eventually
from support.work_topic import DEAD, GROUP, WORK, publish, whole_topic

from agentbus.bus.address import BusAddress
from agentbus.bus.codec import decode
from agentbus.bus.dead_letter import parse
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.record import Outgoing, Record
from agentbus.bus.subscriber import Subscriber
from agentbus.kernel.errors import Transient

pytestmark = pytest.mark.integration


async def test_each_record_is_handled_or_put_aside_and_then_committed(
    address: BusAddress, producer: Producer, reader: Reader
) -> None:
    handled: list[int] = []
    faults = [Transient("away")] * 2

    async def handle(record: Record) -> None:
        number = decode(record.value)["n"]
        if number == 1 and faults:
            raise faults.pop()
        handled.append(number)

    values = [b'{"n":0}', b'{"n":1}', b"\xff{", b'{"n":2}']
    await producer.send_all([Outgoing(WORK, "k", value) for value in values])
    partition = await reader.partition_for(WORK, "k")
    subscriber = Subscriber(address, topic=WORK, group=GROUP, handler=handle)
    await subscriber.start()

    async def committed() -> None:
        assert await reader.committed(GROUP, WORK, partition) == len(values)

    await eventually(committed, within=30)
    await subscriber.stop()
    assert handled == [0, 1, 2]
    (letter,) = [parse(record) for record in await whole_topic(reader, DEAD)]
    assert (letter.code, letter.original.value) == ("undecodable", b"\xff{")


async def test_a_record_in_hand_at_the_stop_is_delivered_again(
    address: BusAddress, producer: Producer, reader: Reader
) -> None:
    await publish(producer, ["k"], each=1)
    tries: list[bytes] = []

    async def refuse(record: Record) -> None:
        tries.append(record.value)
        raise Transient("away")

    for _ in range(2):
        before = len(tries)
        subscriber = Subscriber(address, topic=WORK, group=GROUP, handler=refuse, stop_grace_seconds=0.5)
        await subscriber.start()
        await eventually(lambda: _expect(len(tries) > before), within=30)  # noqa: B023  awaited at once
        await subscriber.stop()
    assert await reader.committed(GROUP, WORK, await reader.partition_for(WORK, "k")) == 0


def _expect(condition: bool) -> None:
    assert condition
