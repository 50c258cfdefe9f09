"""Analysts read topics without losing or doubling a record; dead letters are seen and put back."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from support.command_line import Ran, agentbus
from support.messages import message
from support.stack import Infra

from agentbus.bus.address import BusAddress
from agentbus.bus.batch import Poison
from agentbus.bus.dead_letter import dead_letter
from agentbus.bus.producer import Producer
from agentbus.bus.provisioning import provision
from agentbus.bus.reader import Reader
from agentbus.bus.record import Outgoing
from agentbus.contracts import topics

pytestmark = pytest.mark.integration
TOPIC = topics.MESSAGES


class TappedBus:
    """A namespace of the session's Kafka, and the command line on it."""

    def __init__(self, infra: Infra) -> None:
        self.address = BusAddress(infra.kafka_bootstrap, infra.namespace())
        self.producer = Producer(self.address)
        self.reader = Reader(self.address)

    async def publish(self, first: int, last: int) -> None:
        await self.producer.send_all(
            [
                Outgoing(TOPIC, f"p{number % 5}", orjson.dumps(message(f"p{number % 5}", number)))
                for number in range(first, last + 1)
            ]
        )

    async def agentbus(self, *arguments: str) -> Ran:
        names = {"KAFKA_BOOTSTRAP": self.address.bootstrap, "NAMESPACE": self.address.namespace}
        return await agentbus(
            *arguments, environment={f"AGENTBUS_{key}": value for key, value in names.items()}
        )

    async def put_aside(self, value: bytes) -> None:
        """Puts a record on the topic and its dead letter beside, as a consumer does."""
        sent = await self.producer.send(TOPIC, "p0", value, schema="message.v1")
        async for record in self.reader.read(TOPIC, sent.partition, sent.offset):
            poison = Poison(record, "undecodable", "not JSON: here")
            await self.producer.send_all([dead_letter(poison, "persister")])


@pytest.fixture
async def bus(stack: Infra) -> AsyncIterator[TappedBus]:
    bus = TappedBus(stack)
    await provision(bus.address)
    await bus.producer.start()
    yield bus
    await bus.producer.stop()
    await bus.reader.stop()


def seqs(lines: str) -> list[int]:
    return sorted(json.loads(line)["seq"] for line in lines.splitlines())


async def test_values_on_standard_output_are_the_records_values(bus: TappedBus) -> None:
    await bus.publish(1, 50)
    ran = await bus.agentbus("tap", TOPIC)
    assert ran.code == 0, ran.err
    assert seqs(ran.out) == list(range(1, 51))
    assert message("p1", 1) in [json.loads(line) for line in ran.out.splitlines()]


async def test_a_tap_into_a_file_goes_on_where_it_ended(bus: TappedBus, tmp_path: Path) -> None:
    out = tmp_path / "tap.ndjson"
    await bus.publish(1, 50)
    assert (await bus.agentbus("tap", TOPIC, "--out", str(out))).code == 0
    await bus.publish(51, 80)
    with out.open("a") as file:
        file.write('{"half": "a line of a tap that was killed')
    ran = await bus.agentbus("tap", TOPIC, "--out", str(out))
    assert "30 records added" in ran.err
    assert seqs(out.read_text()) == list(range(1, 81))


async def test_a_file_that_is_no_tap_is_left_alone(bus: TappedBus, tmp_path: Path) -> None:
    out = tmp_path / "notes.txt"
    out.write_text("mine\n")
    ran = await bus.agentbus("tap", TOPIC, "--out", str(out))
    assert ran.code == 1
    assert "choose another file" in ran.err
    assert out.read_text() == "mine\n"


async def test_a_tap_into_parquet_goes_on_where_it_ended(bus: TappedBus, tmp_path: Path) -> None:
    out = tmp_path / "messages"
    arguments = ("tap", TOPIC, "--format", "parquet", "--out", str(out))
    await bus.publish(1, 50)
    assert (await bus.agentbus(*arguments)).code == 0
    await bus.publish(51, 80)
    assert (await bus.agentbus(*arguments)).code == 0
    table = pq.read_table(out)
    assert sorted(table["seq"].to_pylist()) == list(range(1, 81))
    row = next(row for row in table.to_pylist() if row["seq"] == 7)
    assert json.loads(row["value"]) == message("p2", 7)
    assert row["key"] == row["plan_id"] == "p2"
    assert json.loads(row["payload"]) == {}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nothing",), "no topic"),
        ((TOPIC, "--from", "yesterday"), "choose beginning, end, or an offset"),
        ((TOPIC, "--format", "parquet"), "needs --out"),
    ],
)
async def test_what_cannot_be_tapped_is_told(bus: TappedBus, arguments: tuple[str, ...], told: str) -> None:
    ran = await bus.agentbus("tap", *arguments)
    assert ran.code == 1
    assert told in ran.err
    assert ran.out == ""


async def test_dead_letters_are_listed_shown_and_put_back(bus: TappedBus) -> None:
    await bus.put_aside(b"\xff not json")
    listed = json.loads((await bus.agentbus("dlq", "list", "--json")).out)
    assert [(letter["code"], letter["key"]) for letter in listed] == [("undecodable", "p0")]
    shown = json.loads((await bus.agentbus("dlq", "show", listed[0]["place"], "--json")).out)
    assert shown["value"] == "\\xff not json"
    partition = int(listed[0]["from"].split(":")[1])
    end = await bus.reader.end_offset(TOPIC, partition)
    dry = await bus.agentbus("dlq", "replay", "--all", "--dry-run")
    assert "would put" in dry.out
    assert await bus.reader.end_offset(TOPIC, partition) == end
    assert (await bus.agentbus("dlq", "replay", listed[0]["place"])).code == 0
    back = [record async for record in bus.reader.read(TOPIC, partition, end)]
    assert [(record.key, record.value) for record in back] == [("p0", b"\xff not json")]
    assert not [name for name, _ in back[0].headers if name.startswith("dlq-")]


async def test_a_dead_letter_that_is_not_there_is_told(bus: TappedBus) -> None:
    for place in ("nonsense", f"{TOPIC}.persister.dlq:0:99"):
        ran = await bus.agentbus("dlq", "show", place)
        assert ran.code == 1
        assert "agentbus dlq list" in ran.err
    assert (await bus.agentbus("dlq", "replay")).code == 1
