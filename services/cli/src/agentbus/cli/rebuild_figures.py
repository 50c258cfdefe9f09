"""`agentbus rebuild telemetry`: the figures built anew from the log, by the telemetry service.

Exit codes: 0 all is counted; 4 not yet (is the service up?); 1 it could not be done. A part of `rebuild`.
"""

import json
from typing import Annotated

import typer
from rich.console import Console

from agentbus.bus.address import BusAddress
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.cli.acts import put_on_record
from agentbus.cli.outcome import run
from agentbus.cli.repair.figures import Counted, counted_anew, forget
from agentbus.cli.report_view import DIFFERENT
from agentbus.cli.target import Kafka, Name, Postgres, bus_address, service_database
from agentbus.embedded.progress import reporting
from agentbus.postgres.database import Database


def telemetry(
    wait: Annotated[
        bool, typer.Option(help="Return when the log is counted; else at once. Services go on anyway.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts: one JSON line.")] = False,
    kafka: Kafka = None,
    postgres: Postgres = None,
    name: Name = None,
) -> None:
    """Have the figures of plans, actions and errors counted anew from the log's first message.

    What people said of errors (resolved) stays, and so do figures of workspaces' changes: their topic holds a
    week. Until it is done, figures are those of what is counted so far.
    """
    counted = run(_rebuild(bus_address(kafka, name), service_database(postgres, name), wait=wait))
    if as_json:
        typer.echo(json.dumps({"messages": counted.messages, "of": counted.of, "done": counted.done}))
    else:
        _print(counted, wait=wait)
    raise typer.Exit(0 if counted.done or not wait else DIFFERENT)


async def _rebuild(address: BusAddress, database: Database, *, wait: bool) -> Counted:
    reader, producer = Reader(address), Producer(address)
    try:
        await producer.start()
        await database.start()
        await put_on_record(producer, "rebuild_telemetry", "telemetry", {})
        await forget(database)
        with reporting() as progress:
            patience_seconds = 30.0 if wait else 0.0
            return await counted_anew(reader, database, patience_seconds=patience_seconds, progress=progress)
    finally:
        await database.stop()
        await producer.stop()
        await reader.stop()


def _print(counted: Counted, *, wait: bool) -> None:
    console = Console(highlight=False)
    console.print(f"{counted.messages:,} of {counted.of:,} messages counted anew")
    if counted.done:
        console.print("[green]the figures are those of the log[/green]")
    elif wait:
        console.print(
            "[yellow]nothing more is counted: is the telemetry service up?[/yellow] It goes on then."
        )
