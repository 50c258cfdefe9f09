"""Whatever stands on a topic, every consumer goes on with its work, poison is put aside with its bytes, and
memory stays bounded. Prints the number of cases and the seed; `AGENTBUS_FUZZ_SEED`, `_CASES` choose others.
"""

import json
import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing

import pytest
import websockets
from support.broken_records import Broken, broken_records, examples
from support.eventually import eventually
from support.service_processes import SERVICES, ServiceProcesses

from agentbus.bus.dead_letter import DeadLetter, parse
from agentbus.bus.record import Outgoing
from agentbus.contracts.topics import COMMANDS, MESSAGES, Topic, dead_letter_topic, topics

SEED = int(os.environ.get("AGENTBUS_FUZZ_SEED", random.SystemRandom().getrandbits(32)))
CASES = int(os.environ.get("AGENTBUS_FUZZ_CASES", "180"))
GROWTH_BYTES = 200 * 1024 * 1024
CONSUMED = [topic for topic in topics().values() if {*topic.groups, *topic.tailers} & set(SERVICES)]
READ_BY_GROUPS = [
    (topic.name, group) for topic in CONSUMED for group in topic.dead_letter if group in SERVICES
]


@pytest.mark.timeout(600)
async def test_every_consumer_survives_what_no_writer_writes(
    services: ServiceProcesses, tell: Callable[[str], None]
) -> None:
    await plan_works(services)
    before = services.memory_bytes()
    sent = {topic.name: await send_all(services, topic) for topic in CONSUMED}
    await everything_is_committed(services)
    await services.all_ready()
    await plan_works(services)
    for topic, group in READ_BY_GROUPS:
        await poison_is_put_aside(services, topic, group, sent[topic])
    after = services.memory_bytes()
    grown = {name: after[name] - before[name] for name in SERVICES}
    assert max(grown.values()) < GROWTH_BYTES, grown
    number = sum(map(len, sent.values()))
    megabytes = {name: round(size / 2**20, 1) for name, size in grown.items()}
    tell(f"{number} broken records on {', '.join(sent)}; seed {SEED}; memory grew by MiB {megabytes}")
    for process in services.processes.values():
        assert process.returncode is None


def test_every_consumed_topic_has_records_to_break() -> None:
    for topic in CONSUMED:
        kinds = Counter(each.how for each in broken_records(topic, 90, 1))
        assert len(kinds) == len(set(kinds)) >= 18, topic.name
    with pytest.raises(KeyError):
        examples("SchemaOfANewTopic")


async def send_all(services: ServiceProcesses, topic: Topic) -> list[Broken]:
    """Sends the broken records, good ones between them: more poison in a row rightly stops a consumer."""
    sent = list(broken_records(topic, CASES, SEED))
    good = harmless(topic)
    for place, each in enumerate(sent):
        await services.producer.send_all([each.record, *good(place)], timeout_seconds=30)
    return sent


def harmless(topic: Topic) -> Callable[[int], list[Outgoing]]:
    """Returns what gives good records for a place in the row: valid, and of no consequence."""
    if topic.name not in (COMMANDS, MESSAGES):
        return lambda place: []
    named = {COMMANDS: "cancel_plan", MESSAGES: "system_message"}[topic.name]
    value = next(each for each in examples(topic.schema_name) if each["type"] == named)

    def records(place: int) -> list[Outgoing]:
        plans = [f"good-{place}-{number}" for number in range(2)]
        return [
            Outgoing(topic.name, plan_id, json.dumps({**value, "plan_id": plan_id, "seq": 1}).encode())
            for plan_id in plans
        ]

    return records


async def everything_is_committed(services: ServiceProcesses) -> None:
    async def check() -> None:
        for topic, group in READ_BY_GROUPS:
            for partition in range(topics()[topic].partitions):
                end = await services.reader.end_offset(topic, partition)
                committed = await services.reader.committed(group, topic, partition)
                assert committed == end, f"{group} stands at {committed} of {end} on {topic}-{partition}"

    await eventually(check, within=240)


async def plan_works(services: ServiceProcesses) -> None:
    """A plan runs to its end, is stored, shown live and counted: so every consumer does its work."""
    counted = await figure(services, "telemetry")
    plan_id = await services.submit("Do as told", inputs={"actions": 2, "messages": 5, "stream": True})
    seen = []
    async with websockets.connect(services.socket_url(plan_id), max_size=None) as connection:
        async for text in connection:
            frame = json.loads(text)
            if "seq" in frame["data"]:
                seen.append(frame["data"])
            if frame["type"] == "plan_completed":
                break
    stored = await services.ended(plan_id)
    assert stored["messages"] == seen
    assert [each["seq"] for each in seen] == list(range(1, len(seen) + 1))

    async def counts() -> None:
        assert await figure(services, "telemetry") >= counted + len(seen)

    await eventually(counts, within=60)


async def figure(services: ServiceProcesses, service: str) -> float:
    """Returns how many records a service has handled and committed."""
    async with services.client(service) as client:
        text = (await client.get("/metrics")).text
    lines = [line for line in text.splitlines() if line.startswith("agentbus_bus_consumed_total{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


async def poison_is_put_aside(services: ServiceProcesses, topic: str, group: str, sent: list[Broken]) -> None:
    letters: list[DeadLetter] = []
    name = dead_letter_topic(topic, group)
    async with aclosing(services.reader.read(name, 0, 0)) as records:
        letters += [parse(record) async for record in records]
    aside = Counter((letter.original.key, letter.original.value or b"") for letter in letters)
    for each in sent:
        if each.hopeless:
            assert aside[each.record.key, each.record.value or b""] >= 1, f"{group}: {each.how} is not aside"
    known = {(each.record.key, each.record.value or b"") for each in sent}
    assert set(aside) <= known, f"{group} put good records aside"
    assert all(letter.code and letter.reason for letter in letters)
    surprises = [letter.reason for letter in letters if letter.code == "handler_error"]
    assert surprises == [], f"{group} did not expect it"
