"""`agentbus tap`: a topic as lines or Parquet files, for analysts. Reads the log and disturbs nobody.

With `--out` it is resumable: run again, it goes on where the files end, also after it was killed, and no
record is there twice.
"""

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from agentbus.bus.reader import Reader
from agentbus.cli.outcome import fail, run
from agentbus.cli.tap_ndjson import LineFile, LinePrinter
from agentbus.cli.tap_parquet import ParquetFolder
from agentbus.cli.tap_sink import Sink
from agentbus.cli.target import Kafka, Name, bus_address

_POLL_SECONDS: Final = 0.2
_BATCH_RECORDS: Final = 10_000


class Format(StrEnum):
    """What a tap writes."""

    NDJSON = "ndjson"
    PARQUET = "parquet"


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""
    app.command(rich_help_panel="Data")(tap)


def tap(
    topic: Annotated[str, typer.Argument(help="For example agent.messages.")],
    start: Annotated[str, typer.Option("--from", help="beginning, end, or an offset.")] = "beginning",
    form: Annotated[Format, typer.Option("--format", help="Parquet needs --out, a folder.")] = Format.NDJSON,
    out: Annotated[Path | None, typer.Option(help="File (ndjson) or folder (parquet); resumable.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as records come, until Ctrl-C.")
    ] = False,
    envelope: Annotated[bool, typer.Option(help="Lines with topic, offset, key and headers.")] = False,
    kafka: Kafka = None,
    name: Name = None,
) -> None:
    """Read a topic: its values as JSON lines on standard output, or into files.

    Stops at the end of the topic; [cyan]--from end[/cyan] and [cyan]-f[/cyan] go on. An offset counts in each
    partition.

    Examples: [cyan]agentbus tap agent.messages | jq .content[/cyan] ·
    [cyan]agentbus tap agent.messages --from end[/cyan] ·
    [cyan]agentbus tap agent.messages --format parquet --out messages/[/cyan]
    """
    sink = _sink(form, out, envelope=envelope)
    try:
        run(_tap(Reader(bus_address(kafka, name)), topic, start, sink, follow=follow or start == "end"))
    except BrokenPipeError:
        # The reader of our output, for example `head`, has had enough.
        sys.stderr.close()
    finally:
        sink.close()
    sink.summary()


def _sink(form: Format, out: Path | None, *, envelope: bool) -> Sink:
    if form is Format.PARQUET:
        if out is None:
            fail("--format parquet needs --out, the folder for the files")
        return ParquetFolder(out)
    return LinePrinter(envelope=envelope) if out is None else LineFile(out, envelope=envelope)


async def _tap(reader: Reader, topic: str, start: str, sink: Sink, *, follow: bool) -> None:
    try:
        offsets = await _first_offsets(reader, topic, start) | sink.resume(topic)
        while True:
            for partition, offset in offsets.items():
                offsets[partition] = await _drain(reader, topic, partition, offset, sink)
            if not follow:
                return
            await asyncio.sleep(_POLL_SECONDS)
    finally:
        await reader.stop()


async def _first_offsets(reader: Reader, topic: str, start: str) -> dict[int, int]:
    ends = await reader.end_offsets(topic)
    if start == "end":
        return ends
    begins = {partition: await reader.begin_offset(topic, partition) for partition in ends}
    if start == "beginning":
        return begins
    if not start.isdigit():
        fail(f"--from {start}: choose beginning, end, or an offset")
    return {partition: max(begins[partition], int(start)) for partition in ends}


async def _drain(reader: Reader, topic: str, partition: int, offset: int, sink: Sink) -> int:
    batch = []
    async for record in reader.read(topic, partition, offset):
        batch.append(record)
        offset = record.offset + 1
        if len(batch) >= _BATCH_RECORDS:
            await asyncio.to_thread(sink.write, batch)
            batch = []
    if batch:
        await asyncio.to_thread(sink.write, batch)
    return offset
