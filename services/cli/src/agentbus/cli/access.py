"""`agentbus keys`, `members`, `revoke`, `audit`: who may do what in a workspace, over REST.

Every act needs an admin of the workspace. Without a token one is made for the local stack.
"""

import json
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentbus.chassis.access.identity import DEFAULT_USER, DEFAULT_WORKSPACE, Role
from agentbus.cli.api import Api
from agentbus.cli.outcome import fail, run
from agentbus.cli.plan_view import printable
from agentbus.cli.target import Name, Token, Url, access_token, api_url

AsJson = Annotated[bool, typer.Option("--json", help="For scripts: JSON on standard output.")]
Workspace = Annotated[str, typer.Option(help="Which workspace, when a token is made.")]
User = Annotated[str, typer.Argument(help="The user.")]

keys_app = typer.Typer(help="API keys: make, list and revoke them.", no_args_is_help=True)
members_app = typer.Typer(help="Members of the workspace and their roles.", no_args_is_help=True)


def register(parent: typer.Typer) -> None:
    """Adds the commands to `parent`."""
    parent.add_typer(keys_app, name="keys", rich_help_panel="Access")
    parent.add_typer(members_app, name="members", rich_help_panel="Access")
    parent.command(rich_help_panel="Access")(revoke)
    parent.command(rich_help_panel="Access")(audit)


@keys_app.command("create")
def create_key(
    title: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")],
    user: Annotated[str | None, typer.Option(help="Whose key; yours by default.")] = None,
    role: Annotated[Role, typer.Option(help="What it allows.")] = Role.VIEWER,
    scope: Annotated[
        list[str] | None, typer.Option(help="plans:read, plans:write or access:admin; more than once.")
    ] = None,
    days: Annotated[int, typer.Option(help="How long it holds.", min=1, max=366)] = 90,
    as_json: AsJson = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    url: Url = None,
    token: Token = None,
    name: Name = None,
) -> None:
    """Make an API key and print it: this once, nobody can show it again.

    Examples: [cyan]agentbus keys create "nightly review" --user ci --role editor[/cyan] ·
    [cyan]KEY=$(agentbus keys create dashboard --scope plans:read)[/cyan]
    """
    body: dict[str, Any] = {"name": title, "role": role.value, "lifetime_days": days}
    body |= {"user_id": user} if user else {}
    body |= {"scopes": scope} if scope else {}
    made = run(_api(url, token, name, workspace).access("POST", "keys", body))
    if as_json:
        typer.echo(json.dumps(made, indent=2))
        return
    typer.echo(made["key"])
    typer.echo(printable(f"key {made['key_id']} of {made['user_id']}, until {made['expires_at']}"), err=True)


@keys_app.command("list")
def list_keys(
    as_json: AsJson = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    url: Url = None,
    token: Token = None,
    name: Name = None,
) -> None:
    """List the workspace's API keys, without their secrets.

    Example: [cyan]agentbus keys list --json | jq -r '.[].key_id'[/cyan]
    """
    keys = run(_api(url, token, name, workspace).access("GET", "keys"))
    _show(keys, ("key_id", "name", "user_id", "role", "scopes", "expires_at"), as_json=as_json)


@keys_app.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(help="The key's id, as [cyan]keys list[/cyan] shows.")],
    workspace: Workspace = DEFAULT_WORKSPACE,
    url: Url = None,
    token: Token = None,
    name: Name = None,
) -> None:
    """Revoke an API key: it lets nobody in any more, and its sockets are closed.

    Example: [cyan]agentbus keys revoke 1f0c9a7be2d34c55[/cyan]
    """
    run(_api(url, token, name, workspace).access("DELETE", f"keys/{quote(key_id, safe='')}"))
    typer.echo(f"revoked {key_id}")


@members_app.command("list")
def list_members(
    as_json: AsJson = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    url: Url = None,
    token: Token = None,
    name: Name = None,
) -> None:
    """List the members of the workspace.

    Example: [cyan]agentbus members list[/cyan]
    """
    members = run(_api(url, token, name, workspace).access("GET", "members"))
    _show(members, ("user_id", "role", "changed_at", "changed_by"), as_json=as_json)


@members_app.command("set")
def set_member(
    user: User,
    role: Annotated[Role, typer.Argument(help="What they may do.")],
    as_json: AsJson = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    url: Url = None,
    token: Token = None,
    name: Name = None,
) -> None:
    """Give a user a role. A lower one than before also revokes what they were issued.

    Example: [cyan]agentbus members set ann editor[/cyan]
    """
    api = _api(url, token, name, workspace)
    member = run(api.access("PUT", f"members/{quote(user, safe='')}", {"role": role.value}))
    typer.echo(json.dumps(member, indent=2) if as_json else f"{member['user_id']} is {member['role']}")


@members_app.command("remove")
def remove_member(
    user: User,
    workspace: Workspace = DEFAULT_WORKSPACE,
    url: Url = None,
    token: Token = None,
    name: Name = None,
) -> None:
    """End a membership, and revoke what the user was issued. The last admin stays.

    Example: [cyan]agentbus members remove ann[/cyan]
    """
    run(_api(url, token, name, workspace).access("DELETE", f"members/{quote(user, safe='')}"))
    typer.echo(f"removed {user}")


def revoke(
    user: Annotated[str | None, typer.Option(help="All that this user was issued until now.")] = None,
    token_id: Annotated[str | None, typer.Option(help="One token, by its jti, or one key by its id.")] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    url: Url = None,
    token: Token = None,
    name: Name = None,
) -> None:
    """Revoke one token, or all that a user was issued until now, for this workspace.

    Examples: [cyan]agentbus revoke --user ann[/cyan] · [cyan]agentbus revoke --token-id 2f1d6c…[/cyan]
    """
    if (user is None) == (token_id is None):
        fail("say either --user or --token-id")
    body = {"user_id": user} if user is not None else {"token_id": token_id}
    run(_api(url, token, name, workspace).access("POST", "revocations", body))
    typer.echo(f"revoked {user or token_id}")


def audit(
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 50,
    as_json: AsJson = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    url: Url = None,
    token: Token = None,
    name: Name = None,
) -> None:
    """Show the workspace's administrative acts, newest first: who, when, from where, what.

    Example: [cyan]agentbus audit --limit 200 --json | jq -c '.[] | {at, user_id, act, subject}'[/cyan]
    """
    entries = run(_api(url, token, name, workspace).audit(limit))
    _show(entries, ("at", "user_id", "address", "act", "subject"), as_json=as_json)


def _api(url: str | None, token: str | None, name: str | None, workspace: str) -> Api:
    made = access_token(token, name, user=DEFAULT_USER, workspace=workspace, role=Role.ADMIN)
    return Api(api_url(url, name), made)


def _show(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        cells = (row[column] for column in columns)
        table.add_row(
            *(Text(printable(" ".join(cell) if isinstance(cell, list) else cell)) for cell in cells)
        )
    Console().print(table)
