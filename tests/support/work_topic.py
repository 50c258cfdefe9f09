"""A topic of six partitions with numbered records, and a handler that notes what it saw."""

from collections import defaultdict
from collections.abc import Sequence

from agentbus.bus.batch import Batch, Poison
from agentbus.bus.producer import Producer
from agentbus.bus.provisioning import Wanted
from agentbus.bus.reader import Reader
from agentbus.bus.record import Outgoing, Record

WORK = "work"
GROUP = "workers"
DEAD = f"{WORK}.{GROUP}.dlq"
TOPICS = (Wanted(WORK, 6), Wanted(DEAD, 1))


async def publish(producer: Producer, keys: Sequence[str], each: int, first: int = 0) -> None:
    """Sends records `<key>:<number>`, numbered per key, the keys interleaved."""
    numbers = range(first, first + each)
    records = [Outgoing(WORK, key, f"{key}:{number}".encode()) for number in numbers for key in keys]
    await producer.send_all(records, timeout_seconds=30.0)


class Seen:
    """A handler that notes the values of each key in the order in which it got them."""

    def __init__(self) -> None:
        self.numbers: dict[str, list[int]] = defaultdict(list)

    async def __call__(self, batch: Batch) -> Sequence[Poison]:
        for record in batch.records:
            self.note(record)
        return []

    def note(self, record: Record) -> None:
        key, _, number = record.value.decode().partition(":")
        self.numbers[key].append(int(number))

    def total(self) -> int:
        return sum(len(numbers) for numbers in self.numbers.values())

    def first_seen(self, key: str) -> list[int]:
        return list(dict.fromkeys(self.numbers[key]))


async def whole_topic(reader: Reader, topic: str) -> list[Record]:
    """Returns everything on a topic, partition after partition."""
    partitions = await reader.partitions(topic)
    return [record for each in partitions async for record in reader.read(topic, each, 0)]
