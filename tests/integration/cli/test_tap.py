"""Analysts read topics without losing or doubling a record."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from support.command_line import Ran, agentbus
from support.made_topics import made_topics
from support.messages import message
from support.stack import Infra

from agentbus.bus.address import BusAddress
from agentbus.bus.producer import Producer
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


@pytest.fixture
async def bus(stack: Infra) -> AsyncIterator[TappedBus]:
    bus = TappedBus(stack)
    async with made_topics(bus.address):
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
