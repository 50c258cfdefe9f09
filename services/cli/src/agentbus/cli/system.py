"""`agentbus up`, `down`, `status`, `logs`: the embedded system on this machine."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from agentbus.chassis.access.identity import Role
from agentbus.cli.outcome import fail, run
from agentbus.cli.target import Name, access_token
from agentbus.embedded.parts import PartStatus
from agentbus.embedded.progress import reporting
from agentbus.embedded.stack import Stack

_PORT: Final = 8000
_TOKEN_LIFETIME: Final = timedelta(days=30)


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    for command in (up, down, status, logs):
        app.command(rich_help_panel="System")(command)


def up(
    port: Annotated[int, typer.Option(help="Public port; 0 takes a free one.", min=0, max=65535)] = _PORT,
    parts: Annotated[
        str, typer.Option(help="Comma separated: all, infra, services, or single parts.")
    ] = "all",
    brokers: Annotated[int, typer.Option(help="Kafka brokers; 0: as before, or one.", min=0, max=9)] = 0,
    secure: Annotated[
        bool, typer.Option("--secure", help="TLS and passwords behind the edge; a new stack, kept so.")
    ] = False,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay until Ctrl-C, then stop.")] = False,
    name: Name = None,
) -> None:
    """Start the system and print its address. Data of earlier runs is kept.

    Examples: `agentbus up`, `agentbus up --port 0 --foreground`, `agentbus up --parts infra --brokers 3`,
    `agentbus up --secure --name safe`
    """
    make = partial(Stack, name, parts=parts.split(","), brokers=brokers, port=port, secure=secure)
    run(_up(partial(make, owned=foreground), foreground=foreground))


def down(name: Name = None) -> None:
    """Stop the system. Data is kept for the next `agentbus up`."""
    typer.echo("stopped" if run(Stack(name).down()) else "it was not running", err=True)


def status(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts: a JSON array.")] = False,
    name: Name = None,
) -> None:
    """Show every part: state, process, port, uptime, readiness.

    Exits with 3 when the system is not running, with 1 when a part is not ready.
    """
    rows = run(Stack(name).status())
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        Console().print(_table(rows))
    raise typer.Exit(0 if all(row.ready for row in rows) else 1)


def logs(
    part: Annotated[str, typer.Argument(help="A name that `agentbus status` shows.")],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on as lines come, until Ctrl-C.")
    ] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.", min=0)] = 100,
    name: Name = None,
) -> None:
    """Print the end of a part's log.

    Examples: `agentbus logs gateway`, `agentbus logs kafka -f`
    """
    path = Stack(name).log(part)
    if not path.exists():
        known = ", ".join(sorted(log.stem for log in path.parent.glob("*.log"))) or "none yet"
        fail(f"there is no log of {part}; there is: {known}")
    # -F goes on over rotation.
    command = ["tail", "-n", str(lines), *(["-F"] if follow else []), str(path)]
    try:
        raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603  our own words
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


async def _up(make: Callable[..., Stack], *, foreground: bool) -> None:
    with reporting() as report:
        stack = make(report=report)
        started = await stack.up()
    try:
        for line in ([] if started else ["It was running already."]) + _addresses(stack):
            typer.echo(line)
        if foreground and started:
            typer.echo("Ctrl-C stops it.")
            await asyncio.get_running_loop().create_future()
    finally:
        if foreground and started:
            await stack.down()


def _addresses(stack: Stack) -> list[str]:
    if "edge" in stack.parts:
        token = access_token(None, stack.layout.home.name, role=Role.ADMIN, lifetime=_TOKEN_LIFETIME)
        return [f"Open {stack.url}/#token={token}", 'Try  agentbus run "Review it" --dir .']
    kafka = [f"Kafka {stack.kafka_bootstrap}"] if "kafka" in stack.parts else []
    postgres = [f"PostgreSQL {stack.postgres_url}"] if "postgres" in stack.parts else []
    ferretdb = [f"MongoDB {stack.mongo_url}"] if "ferretdb" in stack.parts else []
    secure = [f"Certificates and passwords {stack.layout.safeguards.folder}"]
    return [*kafka, *postgres, *ferretdb, *(secure if stack.layout.safeguards.made else [])]


def _table(rows: list[PartStatus]) -> Table:
    table = Table("part", "state", "pid", "port", "up for", "ready", box=None, header_style="bold")
    for row in rows:
        table.add_row(
            row.name,
            row.state.lower(),
            str(row.pid or ""),
            str(row.port or ""),
            str(timedelta(seconds=row.uptime_seconds)) if row.pid else "",
            "[green]yes[/green]" if row.ready else "[red]no[/red]",
        )
    return table
