"""`agentbus run`: submit a plan and follow it; `agentbus token`: a local access token.

Exit codes of `run`: 0 completed; 1 it could not be submitted or followed; 2 the plan failed, was canceled or
rejected; 130 interrupted, the plan goes on.
"""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markdown import Markdown

from agentbus.chassis.access.identity import DEFAULT_WORKSPACE, Role
from agentbus.cli.api import Api
from agentbus.cli.outcome import fail
from agentbus.cli.outcome import run as run_command
from agentbus.cli.plan_view import PlanView, is_interactive, plan_view, printable
from agentbus.cli.target import Name, Token, Url, access_token, api_url

_WAIT_SECONDS: Final = 110
_PLAN_ENDED_BADLY: Final = 2


def register(app: typer.Typer) -> None:
    """Adds the commands to `app`."""
    app.command(rich_help_panel="Plans")(run)
    app.command(rich_help_panel="Plans")(token)


def run(
    goal: Annotated[str, typer.Argument(help="What the agents shall do.")],
    directory: Annotated[Path | None, typer.Option("--dir", help="The source tree to work on.")] = None,
    team: Annotated[str | None, typer.Option(help="Which team; the review team by default.")] = None,
    approve: Annotated[bool, typer.Option(help="Ask for approval of the steps first.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="No live view: print the result when it is there.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="For scripts: the plan as JSON at its end.")
    ] = False,
    url: Url = None,
    token: Token = None,
    name: Name = None,
) -> None:
    """Submit a plan and follow it in the terminal. Ctrl-C leaves it running.

    Examples: `agentbus run "Review it" --dir .`, `agentbus run "Review it" --dir . --json | jq .plan.status`
    """
    if directory is not None and not directory.is_dir():
        fail(f"{directory} is no directory")
    body: dict[str, Any] = {"description": goal, "require_hitl": approve}
    if directory is not None:
        body["inputs"] = {"dir": str(directory.resolve())}
    if team is not None:
        body["team_id"] = team
    api = Api(api_url(url, name), access_token(token, name))
    plan = run_command(_run(api, body, quiet=wait or as_json))
    if as_json:
        typer.echo(json.dumps(plan, indent=2))
    else:
        _print_result(plan["plan"])
    raise typer.Exit(0 if plan["plan"]["status"] == "completed" else _PLAN_ENDED_BADLY)


def token(
    user: Annotated[str, typer.Option(help="Whose token.")],
    workspace: Annotated[str, typer.Option(help="For which workspace.")] = DEFAULT_WORKSPACE,
    role: Annotated[Role, typer.Option(help="What it allows.")] = Role.EDITOR,
    hours: Annotated[int, typer.Option(help="How long it holds.", min=1)] = 12,
    name: Name = None,
) -> None:
    """Print an access token, signed with AGENTBUS_AUTH_SECRET or the local stack's secret.

    Example: `curl -H "Authorization: Bearer $(agentbus token --user me)" …`
    """
    lifetime = timedelta(hours=hours)
    typer.echo(access_token(None, name, user=user, workspace=workspace, role=role, lifetime=lifetime))


async def _run(api: Api, body: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    plan_id = (await api.submit(body))["plan_id"]
    console = Console(stderr=True, highlight=False)
    console.print(f"plan {plan_id}", style="dim")
    try:
        if quiet:
            last_seq = await _until_end(api, plan_id)
        else:
            with plan_view() as view:
                last_seq = await show(api, plan_id, view)
    except asyncio.CancelledError:
        console.print(f"\nThe plan goes on. Cancel it: POST {api.url}/api/v3/plans/{plan_id}/cancel")
        raise
    return await api.plan(plan_id, min_seq=last_seq)


async def show(api: Api, plan_id: str, view: PlanView) -> int:
    """Shows a plan to its end, asking the person what the plan asks; returns the last `seq`."""
    last_seq = 0
    async for frame in api.follow(plan_id):
        view.show(frame)
        last_seq = frame["data"].get("seq", last_seq)
        if frame["type"] in ("plan_approval_request", "user_clarification_request") and is_interactive():
            with view.paused():
                await _ask(api, plan_id, frame)
    return last_seq


async def _ask(api: Api, plan_id: str, frame: dict[str, Any]) -> None:
    data = frame["data"]
    if frame["type"] == "plan_approval_request":
        approved = await asyncio.to_thread(typer.confirm, "Approve these steps?", default=True)
        feedback = "" if approved else await asyncio.to_thread(typer.prompt, "Why not", default="")
        await api.approve(plan_id, data["m_plan_id"], approved=approved, feedback=feedback)
    else:
        answer = await asyncio.to_thread(typer.prompt, data["question"])
        await api.answer(plan_id, data["request_id"], answer)


async def _until_end(api: Api, plan_id: str) -> int:
    last_seq = 0
    async for frame in api.follow(plan_id):
        last_seq = frame["data"].get("seq", last_seq)
    return last_seq


def _print_result(plan: dict[str, Any]) -> None:
    console = Console(highlight=False)
    result = printable(plan.get("result") or "")
    console.print(Markdown(result) if console.is_terminal else result, soft_wrap=True)
    Console(stderr=True).print(
        f"plan {plan['status']}", style="green" if plan["status"] == "completed" else "red"
    )
