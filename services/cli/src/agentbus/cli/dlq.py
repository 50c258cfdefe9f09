"""`agentbus dlq`: what consumers could not handle, and putting it back where it came from.

Replay sends the record as it was, key, value and headers; consumers deduplicate, so replaying twice has the
effect of once. The dead letter itself stays: the topic is a record, too.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from agentbus.bus.dead_letter import DeadLetter, parse
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.record import Record
from agentbus.cli.outcome import fail, run
from agentbus.cli.target import Kafka, Name, bus_address
from agentbus.contracts import topics
from agentbus.kernel.errors import Invalid

_VALUE_SHOWN_BYTES = 4096

AsJson = Annotated[bool, typer.Option("--json", help="For scripts: JSON on standard output.")]
Code = Annotated[str | None, typer.Option(help="Only those with this error code.")]
Place = Annotated[
    str, typer.Argument(help="TOPIC:PARTITION:OFFSET, as [cyan]agentbus dlq list[/cyan] shows.")
]

app = typer.Typer(
    help="Dead letters: what consumers could not handle, and putting it back.", no_args_is_help=True
)


def register(parent: typer.Typer) -> None:
    """Adds the commands to `parent`."""
    parent.add_typer(app, name="dlq", rich_help_panel="Data")


@dataclass(frozen=True)
class Found:
    """A dead letter and where it is."""

    record: Record
    letter: DeadLetter

    @property
    def place(self) -> str:
        """Its name for `show` and `replay`."""
        return f"{self.record.topic}:{self.record.partition}:{self.record.offset}"

    def about(self) -> dict[str, Any]:
        """Returns what there is to know, but for the value."""
        letter = self.letter
        return {
            "place": self.place,
            "time": letter.time,
            "group": letter.group,
            "code": letter.code,
            "reason": letter.reason,
            "from": f"{letter.topic}:{letter.partition}:{letter.offset}",
            "key": self.record.key,
            "bytes": len(self.record.value),
        }


@app.command("list")
def list_(code: Code = None, as_json: AsJson = False, kafka: Kafka = None, name: Name = None) -> None:
    """List all dead letters, oldest first in each topic.

    Examples: [cyan]agentbus dlq list[/cyan] · [cyan]agentbus dlq list --code undecodable --json[/cyan]
    """
    found = run(_all(Reader(bus_address(kafka, name)), code))
    if as_json:
        typer.echo(json.dumps([each.about() for each in found], indent=2))
        return
    if not found:
        Console(stderr=True).print("no dead letters")
        return
    table = Table("place", "time", "code", "reason", "bytes", box=None, pad_edge=False)
    for each in found:
        about = each.about()
        table.add_row(*(str(about[column]) for column in ("place", "time", "code", "reason", "bytes")))
    Console().print(table)


@app.command()
def show(place: Place, as_json: AsJson = False, kafka: Kafka = None, name: Name = None) -> None:
    """Show one dead letter whole: why, from where, and the record's bytes.

    Example: [cyan]agentbus dlq show agent.messages.persister.dlq:0:3[/cyan]
    """
    found = run(_one(Reader(bus_address(kafka, name)), place))
    if as_json:
        value = found.record.value.decode("utf-8", "backslashreplace")
        typer.echo(json.dumps({**found.about(), "value": value}, indent=2))
        return
    for field, text in found.about().items():
        typer.echo(f"{field:>8}  {text}")
    raw = found.record.value
    typer.echo(f"{'value':>8}  {raw[:_VALUE_SHOWN_BYTES].decode('utf-8', 'backslashreplace')}")
    if len(raw) > _VALUE_SHOWN_BYTES:
        typer.echo(f"          … {len(raw) - _VALUE_SHOWN_BYTES} more bytes; --json has all of them")


@app.command()
def replay(
    places: Annotated[list[str] | None, typer.Argument(help="TOPIC:PARTITION:OFFSET, one or more.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters, or all with --code.")] = False,
    code: Code = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be put back.")] = False,
    kafka: Kafka = None,
    name: Name = None,
) -> None:
    """Put dead letters back where they came from, as they were.

    Examples: [cyan]agentbus dlq replay agent.messages.persister.dlq:0:3[/cyan] ·
    [cyan]agentbus dlq replay --all --code undecodable --dry-run[/cyan]
    """
    if bool(places) == everything:
        fail("name the dead letters to put back, or say --all")
    address = bus_address(kafka, name)
    run(_replay(Reader(address), Producer(address), places or [], code, dry_run=dry_run))


async def _replay(
    reader: Reader, producer: Producer, places: list[str], code: str | None, *, dry_run: bool
) -> None:
    found = [await _one(reader, place, keep=True) for place in places] if places else await _all(reader, code)
    await producer.start()
    try:
        for each in found:
            target = each.letter.topic
            if not dry_run:
                await producer.send_all([each.letter.original])
            typer.echo(f"{'would put' if dry_run else 'put'} {each.place} back to {target}")
    finally:
        await producer.stop()
        await reader.stop()
    typer.echo(f"{len(found)} dead letters", err=True)


async def _one(reader: Reader, place: str, *, keep: bool = False) -> Found:
    parts = place.split(":")
    if len(parts) != 3 or not (parts[1].isdigit() and parts[2].isdigit()):
        raise Invalid(f"{place!r} is not TOPIC:PARTITION:OFFSET; see `agentbus dlq list`")
    topic, partition, offset = parts[0], int(parts[1]), int(parts[2])
    try:
        if partition in await reader.partitions(topic):
            async for found in _read(reader, topic, partition, offset, offset + 1):
                return found
    finally:
        if not keep:
            await reader.stop()
    raise Invalid(f"there is no dead letter at {place}; see `agentbus dlq list`")


async def _all(reader: Reader, code: str | None) -> list[Found]:
    found = []
    try:
        for topic in topics.topics().values():
            for group in topic.dead_letter:
                name = topics.dead_letter_topic(topic.name, group)
                for partition, end in (await reader.end_offsets(name)).items():
                    begin = await reader.begin_offset(name, partition)
                    found += [each async for each in _read(reader, name, partition, begin, end)]
    finally:
        await reader.stop()
    return [each for each in found if code in (None, each.letter.code)]


async def _read(reader: Reader, topic: str, partition: int, start: int, stop: int) -> AsyncIterator[Found]:
    if start >= await reader.end_offset(topic, partition):
        return
    async for record in reader.read(topic, partition, start, stop):
        yield Found(record, parse(record))
