"""`agentbus rebuild messages`: the message database made what the log says, here or in a new database.

Exit codes: 0 log and database agree now; 4 they still differ; 1 it could not be done. Run again, it goes on.
Beside it stands `rebuild telemetry` (`rebuild_figures`).
"""

from typing import Annotated, Any

import typer
from rich.console import Console

from agentbus.bus.address import BusAddress
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.cli.acts import put_on_record
from agentbus.cli.outcome import fail, run
from agentbus.cli.rebuild_figures import telemetry
from agentbus.cli.repair.rebuild import Rebuilt
from agentbus.cli.repair.rebuild import rebuild as rebuild_from_log
from agentbus.cli.report_view import DIFFERENT, print_json, print_table
from agentbus.cli.target import (
    DEFAULT_DATABASE,
    DatabaseName,
    Kafka,
    Mongo,
    Name,
    bus_address,
    message_database,
)
from agentbus.embedded.progress import reporting
from agentbus.mongo.client import Database

app = typer.Typer(help="What is derived from the log, made anew from it.", no_args_is_help=True)


def register(parent: typer.Typer) -> None:
    """Adds the commands to `parent`."""
    app.command()(telemetry)
    parent.add_typer(app, name="rebuild", rich_help_panel="Data")


@app.callback()
def rebuild() -> None:
    """What is derived from the log, made anew from it."""


@app.command()
def messages(
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Into a new database; the live one is not touched.")
    ] = False,
    into: Annotated[str | None, typer.Option(help="The new database's name, with --fresh.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report what would be mended.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Also delete documents of which the log has nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="For scripts: a JSON line a difference, then a summary.")
    ] = False,
    limit: Annotated[int, typer.Option(help="Most differences in the table.", min=1)] = 50,
    kafka: Kafka = None,
    mongo: Mongo = None,
    database: DatabaseName = DEFAULT_DATABASE,
    name: Name = None,
) -> None:
    """Make the messages and plans in the database what the log says, then compare.

    Adds what is missing, rewrites what differs, removes doubles. Services may run meanwhile; stopped
    anywhere, it goes on when run again.

    Examples: [cyan]agentbus rebuild messages --dry-run[/cyan] ·
    [cyan]agentbus rebuild messages --fresh --into agentbus_2[/cyan]
    """
    if into and not fresh:
        fail("--into names the new database of --fresh")
    chosen = (into or f"{database}_rebuilt") if fresh else database
    if fresh and chosen == database:
        fail(f"{database} is the live database: name another one with --into")
    address, store = bus_address(kafka, name), message_database(mongo, chosen, name)
    rebuilt = run(_rebuild(address, store, dry_run=dry_run, prune=prune))
    report = rebuilt.before if dry_run else rebuilt.after
    if as_json:
        print_json(report, database=chosen, **_done(rebuilt))
    else:
        _print(rebuilt, chosen, dry_run=dry_run, limit=limit, fresh=fresh)
    raise typer.Exit(0 if report.clean else DIFFERENT)


async def _rebuild(address: BusAddress, database: Database, *, dry_run: bool, prune: bool) -> Rebuilt:
    reader, producer = Reader(address), Producer(address)
    try:
        if not dry_run:
            await put_on_record(producer, "rebuild_messages", database.name, {"prune": prune})
        with reporting() as progress:
            return await rebuild_from_log(reader, database, dry_run=dry_run, prune=prune, progress=progress)
    finally:
        await producer.stop()
        await reader.stop()
        database.close()


def _done(rebuilt: Rebuilt) -> dict[str, Any]:
    return {
        "added": rebuilt.added,
        "rewritten": rebuilt.rewritten,
        "removed": rebuilt.removed,
        "plans_saved": rebuilt.plans_saved,
        "refused": rebuilt.refused,
    }


def _print(rebuilt: Rebuilt, database: str, *, dry_run: bool, limit: int, fresh: bool) -> None:
    console = Console(highlight=False)
    if dry_run:
        print_table(rebuilt.before, limit)
        console.print("dry run: nothing was changed", style="dim")
        return
    words = ", ".join(
        f"{number} {what.replace('_', ' ')}" for what, number in _done(rebuilt).items() if number
    )
    console.print(f"{database}: {words or 'nothing to do'}")
    if not rebuilt.after.clean:
        print_table(rebuilt.after, limit)
        return
    console.print("[green]log and database agree[/green]")
    if fresh:
        console.print(_SWITCH.format(database=database), soft_wrap=True)


_SWITCH = """To switch: stop the persister, run this again (it adds what came meanwhile), set
AGENTBUS_MONGO_DATABASE={database} for persister, plans and gateway, and start them."""
