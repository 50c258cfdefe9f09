"""`agentbus verify`: is each message of the log stored once and equal, each plan what its messages tell?

Reads log and database, changes nothing. Exit codes: 0 they agree; 4 they differ; 1 it could not be done.
"""

from typing import Annotated

import typer

from agentbus.bus.reader import Reader
from agentbus.cli.outcome import run
from agentbus.cli.repair.difference import Report
from agentbus.cli.repair.verify import verify_all, verify_plan
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
from agentbus.kernel.errors import Invalid
from agentbus.mongo.client import Database


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""
    app.command(rich_help_panel="Data")(verify)


def verify(
    plan: Annotated[str | None, typer.Argument(help="The plan's id; without it, all plans.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="For scripts: a JSON line a difference, then a summary.")
    ] = False,
    limit: Annotated[int, typer.Option(help="Most differences in the table.", min=1)] = 50,
    kafka: Kafka = None,
    mongo: Mongo = None,
    database: DatabaseName = DEFAULT_DATABASE,
    name: Name = None,
) -> None:
    """Compare the log with the message database. Exits with 4 when they differ.

    What the persister has not stored yet is told as lag, and is no difference.

    Examples: [cyan]agentbus verify[/cyan] · [cyan]agentbus verify 1c5f… --json | jq .kind[/cyan]
    """
    reader, store = Reader(bus_address(kafka, name)), message_database(mongo, database, name)
    report = run(_verify(reader, store, plan))
    if as_json:
        print_json(report)
    else:
        print_table(report, limit)
    raise typer.Exit(0 if report.clean else DIFFERENT)


async def _verify(reader: Reader, database: Database, plan: str | None) -> Report:
    try:
        with reporting() as progress:
            if plan is None:
                return await verify_all(reader, database, progress=progress)
            report = await verify_plan(reader, database, plan, progress=progress)
        if not (report.messages or report.stored or report.unchecked or report.differences):
            raise Invalid(f"neither the log nor the database knows a plan {plan}", code="unknown_plan")
        return report
    finally:
        await reader.stop()
        database.close()
