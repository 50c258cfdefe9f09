"""What a reader does where the log is not just one record after the other."""

import pytest
from aiokafka import AIOKafkaProducer  # type: ignore[import-untyped]
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete  # type: ignore[import-untyped]
from aiokafka.structs import TopicPartition  # type: ignore[import-untyped]
from support.eventually import eventually
from support.work_topic import WORK, publish

from agentbus.bus.address import BusAddress
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.record import Outgoing
from agentbus.kernel.errors import Transient

pytestmark = pytest.mark.integration


async def test_a_stretch_of_many_fetches_is_whole(producer: Producer, reader: Reader) -> None:
    values = [bytes([65 + number % 26]) * (1_500_000 if number == 70 else 20_000) for number in range(140)]
    await producer.send_all([Outgoing(WORK, "k", value) for value in values], timeout_seconds=30)
    partition = await reader.partition_for(WORK, "k")
    assert [record.value async for record in reader.read(WORK, partition, 0)] == values
    assert [record.offset async for record in reader.read(WORK, partition, 60, 130)] == list(range(60, 130))


async def test_what_retention_removed_is_left_out(
    address: BusAddress, producer: Producer, reader: Reader
) -> None:
    await publish(producer, ["k"], each=10)
    partition = await reader.partition_for(WORK, "k")
    admin = AIOKafkaAdminClient(bootstrap_servers=address.bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(address.topic(WORK), partition): RecordsToDelete(6)})
    await admin.close()
    assert await reader.begin_offset(WORK, partition) == 6
    assert [record.offset async for record in reader.read(WORK, partition, 2)] == [6, 7, 8, 9]
    assert [record.offset async for record in reader.read(WORK, partition, 2, 4)] == []


async def test_what_a_transaction_took_back_is_not_read(address: BusAddress, reader: Reader) -> None:
    writer = AIOKafkaProducer(bootstrap_servers=address.bootstrap, transactional_id=address.namespace)
    await writer.start()
    for value, kept in ((b"a", True), (b"b", False), (b"c", True)):
        await writer.begin_transaction()
        await writer.send_and_wait(address.topic(WORK), value, partition=0)
        await (writer.commit_transaction() if kept else writer.abort_transaction())
    await writer.stop()

    async def ended() -> None:  # the last marker is written after the commit's answer
        assert await reader.end_offset(WORK, 0) == 6

    await eventually(ended, within=10)
    assert [record.value async for record in reader.read(WORK, 0, 0)] == [b"a", b"c"]


async def test_offsets_that_do_not_exist_yet_are_waited_for_in_vain(
    address: BusAddress, producer: Producer
) -> None:
    await publish(producer, ["k"], each=3)
    reader = Reader(address, timeout_seconds=0.3)
    partition = await reader.partition_for(WORK, "k")
    for start in (0, 3, 7):
        with pytest.raises(Transient):
            assert [record async for record in reader.read(WORK, partition, start, 9)]
    await reader.stop()
