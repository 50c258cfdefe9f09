"""What the bus costs beside bare aiokafka: delivery, outbox, and the lookup of a plan that is not stored yet.

Delivery: six partitions of messages of about 480 bytes and a handler that does nothing, beside a loop of
`getmany` and `commit` with the same batch size; they take turns. Outbox: from before `append` until Kafka's
acknowledgement at 100 messages a second, beside an idempotent producer's `send_and_wait`, also in turns.
Lookup: a miss on a warm reader, beside one question to the broker.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import harmonic_mean, median, quantiles
from uuid import uuid4

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer  # type: ignore[import-untyped]
from bench.row import Row
from support.messages import message
from support.stack import Infra

from agentbus.bus.address import BusAddress
from agentbus.bus.batch import Batch, Poison
from agentbus.bus.delivery import Delivery
from agentbus.bus.lookup import find_start
from agentbus.bus.outbox import Outbox, Relay
from agentbus.bus.producer import Producer
from agentbus.bus.provisioning import provision
from agentbus.bus.reader import Reader
from agentbus.bus.record import Outgoing, Sent
from agentbus.contracts.topics import COMMANDS, MESSAGES

RECORDS, BATCH, ROUNDS = 60_000, 1_000, 3
SENDS, RATE_PER_SECOND = 500, 100
LOOKUPS, LOOKUP_TARGET_MS = 200, 15.0


async def measure(stack: Infra, *, records: int = RECORDS, sends: int = SENDS) -> list[Row]:
    """Returns the rate of delivery, and the delays of the outbox and of a lookup."""
    address = BusAddress(stack.kafka_bootstrap, stack.namespace())
    await provision(address)
    return [
        await _delivery(address, records),
        *await _outbox(address, sends),
        await _lookup(address),
    ]


async def _delivery(address: BusAddress, number: int) -> Row:
    await _fill(address, number)
    bare, ours = [], []
    for _ in range(ROUNDS):
        bare.append(await _bare_rate(address, number))
        ours.append(await _delivery_rate(address, number))
    rate, reference = harmonic_mean(ours), harmonic_mean(bare)
    name = "delivery, empty handler"
    return Row(name, rate, "records/s", "getmany and commit", reference, rate / reference)


async def _fill(address: BusAddress, number: int) -> None:
    plans = [str(uuid4()) for _ in range(60)]
    producer = Producer(address)
    for start in range(0, number, BATCH):
        log = [message(plans[each % 60], each // 60 + 1) for each in range(start, start + BATCH)]
        outgoing = [Outgoing(MESSAGES, each["plan_id"], orjson.dumps(each)) for each in log]
        await producer.send_all(outgoing, timeout_seconds=60)
    await producer.stop()


async def _bare_rate(address: BusAddress, number: int) -> float:
    consumer = AIOKafkaConsumer(
        address.topic(MESSAGES),
        bootstrap_servers=address.bootstrap,
        group_id=str(uuid4()),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    began, seen, first = 0.0, 0, 0
    try:
        while seen < number:
            for partition, batch in (await consumer.getmany(timeout_ms=1000, max_records=BATCH)).items():
                seen += len(batch)
                await consumer.commit({partition: batch[-1].offset + 1})
                if not began:
                    began, first = time.perf_counter(), seen
        return (seen - first) / (time.perf_counter() - began)
    finally:
        await consumer.stop()


async def _delivery_rate(address: BusAddress, number: int) -> float:
    began, seen, first, done = 0.0, 0, 0, asyncio.Event()

    async def handler(batch: Batch) -> Sequence[Poison]:
        nonlocal began, seen, first
        seen += len(batch.records)
        if not began:
            began, first = time.perf_counter(), seen
        if seen >= number:
            done.set()
        return []

    delivery = Delivery(
        address, topics=[MESSAGES], group=str(uuid4()), handler=handler, max_batch_records=BATCH
    )
    running = asyncio.create_task(delivery.run())
    await asyncio.wait_for(done.wait(), 120)
    rate = (seen - first) / (time.perf_counter() - began)
    await delivery.stop()
    await running
    return rate


async def _outbox(address: BusAddress, number: int) -> list[Row]:
    bare = AIOKafkaProducer(bootstrap_servers=address.bootstrap, enable_idempotence=True)
    await bare.start()
    acknowledged: dict[bytes, asyncio.Future[None]] = {}

    def sent(record: Outgoing, _where: Sent) -> None:
        acknowledged.pop(record.value or b"").set_result(None)

    with tempfile.TemporaryDirectory() as folder:
        outbox = Outbox(Path(folder) / "outbox.db")

        async def through_outbox(plan_id: str, value: bytes) -> None:
            acknowledgement = acknowledged[value] = asyncio.get_running_loop().create_future()
            await outbox.append(MESSAGES, plan_id, value, "message.v1")
            await acknowledgement

        async def directly(plan_id: str, value: bytes) -> None:
            await bare.send_and_wait(address.topic(MESSAGES), value, plan_id.encode())

        async with Relay(outbox, address, on_sent=sent):
            ours, reference = await _in_turns([through_outbox, directly], number)
        await outbox.close()
    await bare.stop()
    return [
        _delay("outbox, append to acknowledged, p50", median(ours), "bare send", median(reference)),
        _delay("outbox, append to acknowledged, p99", _p99(ours), "bare send", _p99(reference)),
    ]


async def _in_turns(
    ways: Sequence[Callable[[str, bytes], Awaitable[None]]], number: int
) -> list[list[float]]:
    """Returns the milliseconds that each way took, at a steady rate; the first tenth warms up."""
    taken: list[list[float]] = [[] for _ in ways]
    plan_id = str(uuid4())

    async def timed(way: int, value: bytes) -> None:
        began = time.perf_counter()
        await ways[way](plan_id, value)
        taken[way].append((time.perf_counter() - began) * 1000)

    async with asyncio.TaskGroup() as sends:
        begin = time.perf_counter()
        for seq in range(number * len(ways)):
            await asyncio.sleep(max(0.0, begin + seq / RATE_PER_SECOND - time.perf_counter()))
            sends.create_task(timed(seq % len(ways), orjson.dumps(message(plan_id, seq + 1))))
    return [each[number // 10 :] for each in taken]


async def _lookup(address: BusAddress) -> Row:
    reader, plan_id = Reader(address), str(uuid4())
    partition = await reader.partition_for(COMMANDS, plan_id)
    misses, questions = [], []
    for _ in range(LOOKUPS):
        misses.append(await _milliseconds(find_start(reader, plan_id)))
        questions.append(await _milliseconds(reader.end_offset(COMMANDS, partition)))
    await reader.stop()
    row = _delay("lookup of an unknown plan, p50", median(misses), "one question", median(questions))
    return Row(
        **{**row.__dict__, "target": f"≤ {LOOKUP_TARGET_MS:g} ms", "met": row.value <= LOOKUP_TARGET_MS}
    )


async def _milliseconds(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return (time.perf_counter() - began) * 1000


def _delay(name: str, value: float, reference_name: str, reference: float) -> Row:
    return Row(name, value, "ms", reference_name, reference, value / reference)


def _p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


if __name__ == "__main__":
    found = Infra(os.environ["AGENTBUS_KAFKA_BOOTSTRAP"], os.environ["AGENTBUS_MONGO_URL"])
    for row in asyncio.run(measure(found)):
        print(row)
