"""`agentbus dlq`: what consumers could not handle, and putting it back where it came from.

Replay sends the record as it was, key, value and headers; consumers deduplicate, so replaying twice has the
effect of once. The dead letter itself stays, with a mark beside it: the topic is a record, too.
"""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Annotated, Final

import typer

from agentbus.bus.address import BusAddress
from agentbus.bus.reader import Reader
from agentbus.cli import dlq_view
from agentbus.cli.dlq_options import Code, Group, Key, Limit, Since, Topic, Until, wanted_letters
from agentbus.cli.dlq_replay import Replay
from agentbus.cli.letters import Found, Wanted, letter_at, letters
from agentbus.cli.outcome import fail, run
from agentbus.cli.target import Kafka, Name, bus_address
from agentbus.embedded.progress import reporting, silent

_LIST_LIMIT: Final = 100

AsJson = Annotated[bool, typer.Option("--json", help="For scripts: a JSON object a line.")]
Place = Annotated[
    str, typer.Argument(help="TOPIC:PARTITION:OFFSET, as [cyan]agentbus dlq list[/cyan] shows.")
]

app = typer.Typer(
    help="Dead letters: what consumers could not handle, and putting it back.", no_args_is_help=True
)


def register(parent: typer.Typer) -> None:
    """Adds the commands to `parent`."""
    parent.add_typer(app, name="dlq", rich_help_panel="Data")


@app.command("list")
def list_(
    topic: Topic = None,
    group: Group = None,
    code: Code = None,
    key: Key = None,
    since: Since = None,
    until: Until = None,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only those that were not put back.")] = False,
    limit: Limit = None,
    count: Annotated[
        bool, typer.Option("--count", help="How many there are, by topic, group and code.")
    ] = False,
    as_json: AsJson = False,
    kafka: Kafka = None,
    name: Name = None,
) -> None:
    """List dead letters, oldest first in each topic.

    Shows 100 in a terminal unless [cyan]--limit[/cyan] says otherwise; all of them with [cyan]--json[/cyan].

    Examples: [cyan]agentbus dlq list --code undecodable --since 2h[/cyan] ·
    [cyan]agentbus dlq list --count[/cyan] · [cyan]agentbus dlq list --json | jq .reason[/cyan]
    """
    wanted = wanted_letters(topic, group, code, key, since, until, waiting=waiting)
    view: dlq_view.View
    if count:
        view = dlq_view.Counted(as_json=as_json)
    elif as_json:
        view = dlq_view.Lines(limit)
    else:
        view = dlq_view.Listed(limit or _LIST_LIMIT)
    run(_list(bus_address(kafka, name), wanted, view))
    view.close()


@app.command()
def show(place: Place, as_json: AsJson = False, kafka: Kafka = None, name: Name = None) -> None:
    """Show one dead letter whole: why, from where, whether it was put back, and the record's bytes.

    Example: [cyan]agentbus dlq show agent.messages.persister.dlq:0:3[/cyan]
    """
    found = run(_show(bus_address(kafka, name), place))
    if as_json:
        value = found.record.value.decode("utf-8", "backslashreplace")
        headers = {
            header: text.decode("utf-8", "backslashreplace") for header, text in found.letter.original.headers
        }
        typer.echo(json.dumps({**found.about(), "headers": headers, "value": value}))
    else:
        dlq_view.show(found)


@app.command()
def replay(
    places: Annotated[list[str] | None, typer.Argument(help="TOPIC:PARTITION:OFFSET, one or more.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    topic: Topic = None,
    group: Group = None,
    code: Code = None,
    key: Key = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = None,
    again: Annotated[bool, typer.Option("--again", help="Also those that were put back already.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be put back.")] = False,
    as_json: AsJson = False,
    kafka: Kafka = None,
    name: Name = None,
) -> None:
    """Put dead letters back where they came from, as they were. What was put back already is left alone.

    Examples: [cyan]agentbus dlq replay agent.messages.persister.dlq:0:3[/cyan] ·
    [cyan]agentbus dlq replay --code undecodable --since 2h --dry-run[/cyan]
    """
    wanted = wanted_letters(topic, group, code, key, since, until)
    if sum((bool(places), everything or bool(wanted))) != 1:
        fail("name the dead letters to put back, or say which by options, or say --all")
    doing = Replay(bus_address(kafka, name), again=again, dry_run=dry_run, limit=limit, as_json=as_json)
    # The live view takes over standard output, so a pipe gets the lines alone.
    with reporting() if sys.stdout.isatty() else nullcontext(silent) as progress:
        run(doing.run(places or [], wanted, progress))
    doing.tell()


@asynccontextmanager
async def _reading(address: BusAddress) -> AsyncIterator[Reader]:
    reader = Reader(address)
    try:
        yield reader
    finally:
        await reader.stop()


async def _list(address: BusAddress, wanted: Wanted, view: dlq_view.View) -> None:
    async with _reading(address) as reader:
        async for found in letters(reader, wanted):
            if not view.take(found):
                return


async def _show(address: BusAddress, place: str) -> Found:
    async with _reading(address) as reader:
        return await letter_at(reader, place)
