"""Dead letters are found by what is known of them, and put back once, as they were, on the record."""

import json
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]
from support.command_line import Ran, agentbus
from support.messages import message
from support.persister_world import PersisterWorld
from support.verify_world import commands_for

from agentbus.bus.batch import Poison
from agentbus.bus.codec import encode
from agentbus.bus.dead_letter import dead_letter
from agentbus.bus.record import Outgoing, Record
from agentbus.cli.dlq_options import moment, wanted_letters
from agentbus.cli.letters import letters
from agentbus.cli.repair.verify import verify_all
from agentbus.contracts.topics import AUDIT_LOG, MESSAGES, dead_letter_topic

pytestmark = pytest.mark.integration
HOME = dead_letter_topic(MESSAGES, "persister")
HEADERS = [("content-type", b"application/json"), ("binary", b"\xff\x00")]


async def put_aside(world: PersisterWorld, key: str, value: bytes, code: str = "undecodable") -> Record:
    """Puts a record into the topic's log and its dead letter beside it, as a consumer does."""
    sent = (await world.producer.send_all([Outgoing(MESSAGES, key, value, HEADERS)]))[0]
    reading = world.reader.read(MESSAGES, sent.partition, sent.offset, sent.offset + 1)
    record = await anext(reading)
    await world.producer.send_all([dead_letter(Poison(record, code, "why \x1b[31m"), "persister")])
    return record


async def cli(world: PersisterWorld, *arguments: str) -> Ran:
    return await agentbus("dlq", *arguments, environment=commands_for(world))


def lines(ran: Ran) -> list[dict[str, Any]]:
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


async def put_back(world: PersisterWorld, record: Record) -> list[Record]:
    """What came to the record's partition after it."""
    return [each async for each in world.reader.read(MESSAGES, record.partition, record.offset + 1)]


async def test_letters_are_found_by_what_is_known_of_them(world: PersisterWorld) -> None:
    for key, code in (("a", "undecodable"), ("b", "undecodable"), ("b", "wrong_key")):
        await put_aside(world, key, b"{", code)
    asked: dict[tuple[Any, ...], int] = {
        (None, None, None, None, None, None): 3,
        (None, None, "undecodable", None, None, None): 2,
        (None, None, "wrong_key", "b", None, None): 1,
        (MESSAGES, "persister", None, None, None, None): 3,
        ("agent.commands", None, None, None, None, None): 0,
        (None, None, None, None, moment("1h"), None): 3,
        (None, None, None, None, None, moment("1h")): 0,
        (None, None, None, None, moment("2999-01-01"), None): 0,
    }
    for options, number in asked.items():
        found = [each async for each in letters(world.reader, wanted_letters(*options))]
        assert len(found) == number, options
    chosen = lines(await cli(world, "list", "--json", "--plan", "b", "--since", "1h", "--limit", "1"))
    assert [(each["code"], each["key"]) for each in chosen] == [("undecodable", "b")]
    counted = lines(await cli(world, "list", "--count", "--json"))
    assert [(row["code"], row["letters"], row["replayed"]) for row in counted] == [
        ("undecodable", 2, 0),
        ("wrong_key", 1, 0),
    ]
    table = await cli(world, "list")
    assert "3 dead letters" in table.err
    assert "\x1b" not in table.out
    for wrong in (("--since", "soon"), ("--topic", "nothing")):
        assert (await cli(world, "list", *wrong)).code != 0


async def test_a_letter_is_put_back_once_as_it_was(world: PersisterWorld) -> None:
    record = await put_aside(world, "a", b"\xff not json")
    place = f"{HOME}:0:0"
    shown = lines(await cli(world, "show", place, "--json"))[0]
    assert (shown["value"], shown["replayed"]) == ("\\xff not json", None)
    dry = await cli(world, "replay", "--all", "--dry-run")
    assert f"would put {place} back" in dry.out
    assert await put_back(world, record) == []
    assert [line["outcome"] for line in lines(await cli(world, "replay", place, "--json"))] == ["put"]
    back = await put_back(world, record)
    assert [(each.key, each.value) for each in back] == [("a", b"\xff not json")]
    assert back[0].headers == (*HEADERS, ("replay-of", place.encode()))
    second = await cli(world, "replay", "--code", "undecodable")
    assert (second.code, "was put back at" in second.out) == (0, True)
    assert "0 dead letters put back" in second.err
    assert len(await put_back(world, record)) == 1
    assert lines(await cli(world, "list", "--waiting", "--json")) == []
    assert lines(await cli(world, "list", "--count", "--json"))[0]["replayed"] == 1
    await cli(world, "replay", place, "--again")
    assert len(await put_back(world, record)) == 2
    acts = [
        json.loads(each.value)["act"]
        for partition in await world.reader.partitions(AUDIT_LOG)
        async for each in world.reader.read(AUDIT_LOG, partition, 0)
    ]
    assert acts == ["replay_dead_letters"] * 2


async def test_what_is_not_there_is_told_and_nothing_is_sent(world: PersisterWorld) -> None:
    record = await put_aside(world, "a", b"{")
    for arguments in (("nonsense",), (f"{HOME}:0:99",), (f"{HOME}:0:0", f"{HOME}:0:99"), ()):
        ran = await cli(world, "replay", *arguments)
        assert ran.code == 1, ran.out
    assert await put_back(world, record) == []


async def test_a_topic_that_is_gone_is_refused(world: PersisterWorld) -> None:
    await put_aside(world, "a", b"{")
    admin = AIOKafkaAdminClient(bootstrap_servers=world.settings.kafka_bootstrap)
    await admin.start()
    await admin.delete_topics([world.settings.namespace + MESSAGES])
    await admin.close()
    ran = await cli(world, "replay", "--all")
    assert (ran.code, ran.out) == (1, "")
    assert f"its topic {MESSAGES} is gone" in ran.err


async def test_a_repaired_reader_stores_what_is_put_back(world: PersisterWorld) -> None:
    """Poison of an older reader: the message itself is good."""
    plan_id = str(uuid4())
    messages = [message(plan_id, seq) for seq in range(1, 6)]
    await world.publish(messages[:2])
    async with world.persister():
        await world.all_committed(within=30)
    await put_aside(world, plan_id, encode(messages[2]), "handler_error")
    await world.publish(messages[3:])
    await as_if_the_reader_had_failed_on_it(world, plan_id)
    report = await verify_all(world.reader, world.database)
    assert [(each.kind.value, each.seqs, each.detail) for each in report.differences] == [
        ("missing", "3", f"put aside: {HOME}:0:0")
    ]
    async with world.persister():
        assert (await cli(world, "replay", "--plan", plan_id)).code == 0
        await world.all_committed(within=30)
    assert await world.messages.read(plan_id) == messages
    report = await verify_all(world.reader, world.database)
    assert report.clean, report.differences
    assert report.dead_letters == 0


async def as_if_the_reader_had_failed_on_it(world: PersisterWorld, plan_id: str) -> None:
    async with world.persister():
        await world.all_committed(within=30)
    await world.database.collection("messages").delete_one({"plan_id": plan_id, "seq": 3})
