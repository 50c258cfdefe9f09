"""`agentbus demo`: the main job, as a newcomer sees it.

A plan that nobody watches, one that is watched, and proof that database, socket and log hold the same.
"""

import asyncio
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from agentbus.bus.codec import decode
from agentbus.bus.reader import Reader
from agentbus.cli.api import Api
from agentbus.cli.outcome import run
from agentbus.cli.plan_view import plan_view, printable
from agentbus.cli.target import access_token
from agentbus.contracts import topics
from agentbus.embedded.layout import default_name
from agentbus.embedded.progress import reporting
from agentbus.embedded.stack import Stack
from agentbus.kernel.errors import Fatal

_GOAL: Final = "Review this source tree: what is it, and what should be mended first?"
_REPORT_LINES: Final = 40


def register(app: typer.Typer) -> None:
    """Adds the command to `app`."""
    app.command(rich_help_panel="System")(demo)


def demo(
    directory: Annotated[
        Path, typer.Option("--dir", help="The source tree to review.", exists=True, file_okay=False)
    ] = Path(),
    goal: Annotated[str, typer.Option(help="What the agents shall do.")] = _GOAL,
) -> None:
    """Show the main job: start everything, review a source tree unwatched and watched, compare, stop.

    Examples: `agentbus demo`, `agentbus demo --dir ~/src/project --goal "Find dead code"`
    """
    run(_demo(directory.resolve(), goal))


async def _demo(directory: Path, goal: str) -> None:
    console = Console(highlight=False)
    began = time.monotonic()
    console.rule("1. The whole system starts", align="left")
    name = f"{default_name()}-demo"
    with reporting() as report:
        stack = Stack(name, report=report)
        await stack.up()
    try:
        api = Api(stack.url, access_token(None, name))
        body = {"description": goal, "inputs": {"dir": str(directory)}}
        unwatched = await _unwatched(console, api, body)
        watched = await _watched(console, api, body)
        await _compare(console, stack, api, unwatched, watched)
    finally:
        console.rule("5. Everything stops", align="left")
        await stack.down()
    console.print(f"done in {time.monotonic() - began:.0f} s; nothing is left running, data is kept")


async def _unwatched(console: Console, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    console.rule("2. A plan that nobody watches, read back over REST", align="left")
    plan_id = (await api.submit(body))["plan_id"]
    console.print(f"POST {api.url}/api/v3/process_request → plan {plan_id}; no socket is open")
    last = ""
    while True:
        plan = await api.plan(plan_id)
        told = f"{plan['plan']['status']}, {len(plan['messages'])} messages stored"
        if told != last:
            console.print(f"GET plan → {told}")
            last = told
        if plan["plan"]["status"] in ("completed", "failed"):
            break
        await asyncio.sleep(1)
    if plan["plan"]["status"] == "failed":
        raise Fatal(f"the plan failed: {plan['plan']['error']}")
    _print_report(console, plan["plan"]["result"])
    return plan


async def _watched(console: Console, api: Api, body: dict[str, Any]) -> dict[str, Any]:
    console.rule("3. The same plan again, watched over a WebSocket", align="left")
    plan_id = (await api.submit(body))["plan_id"]
    messages = []
    with plan_view() as view:
        async for frame in api.follow(plan_id):
            view.show(frame)
            if "seq" in frame["data"]:
                messages.append(frame["data"])
    return {"plan_id": plan_id, "messages": messages}


async def _compare(
    console: Console, stack: Stack, api: Api, unwatched: dict[str, Any], watched: dict[str, Any]
) -> None:
    console.rule("4. The same messages everywhere, field by field", align="left")
    table = Table(
        "plan", "REST", "Kafka", "WebSocket", "each seq once, in order", "equal", box=None, pad_edge=False
    )
    equal = True
    for label, plan_id, seen in (
        ("unwatched", unwatched["plan"]["plan_id"], None),
        ("watched", watched["plan_id"], watched["messages"]),
    ):
        log = await _log(stack, plan_id)
        stored = (await api.plan(plan_id, min_seq=log[-1]["seq"]))["messages"]
        ordered = [message["seq"] for message in stored] == list(range(1, len(stored) + 1))
        same = stored == log and seen in (None, stored)
        equal = equal and same and ordered
        shown = "none" if seen is None else str(len(seen))
        table.add_row(label, str(len(stored)), str(len(log)), shown, _word(ordered), _word(same))
    console.print(table)
    if not equal:
        raise Fatal("the messages differ; this is a fault in agentbus")


async def _log(stack: Stack, plan_id: str) -> list[dict[str, Any]]:
    reader = Reader(stack.bus_address("agentbus-demo"))
    try:
        partition = await reader.partition_for(topics.MESSAGES, plan_id)
        return [
            decode(record.value) async for record in reader.read(topics.MESSAGES, partition, 0, key=plan_id)
        ]
    finally:
        await reader.stop()


def _print_report(console: Console, report: str) -> None:
    lines = printable(report).splitlines()
    text = "\n".join(lines[:_REPORT_LINES])
    console.print(Markdown(text) if console.is_terminal else text, soft_wrap=True)
    if len(lines) > _REPORT_LINES:
        console.print(f"… {len(lines) - _REPORT_LINES} more lines; all of it is in the plan", style="dim")


def _word(good: bool) -> str:
    return "[green]yes[/green]" if good else "[red]no[/red]"
