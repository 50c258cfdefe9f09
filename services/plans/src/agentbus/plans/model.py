"""The rules of submitting a plan, pure: what is accepted, under which ids, and what repeats what.

Called by `handlers.py` and `directory.py`.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, Final

import orjson

from agentbus.chassis.auth import Principal
from agentbus.contracts.commands import DESCRIPTION_MAX_CHARACTERS, StartPlan
from agentbus.contracts.http.plans import ProcessRequest
from agentbus.contracts.identifiers import derived_id, new_id
from agentbus.contracts.teams import DEFAULT_TEAM_ID, TEAMS
from agentbus.contracts.timestamps import format_timestamp
from agentbus.observability.secrets.value import redacted_model, without_secrets_in
from agentbus.plan.projection import TERMINAL_STATUSES, PlanDocument, apply
from agentbus.plans.errors import BadIdempotencyKey, BadInputs, KeyReused, UnknownTeam

KEY_MAX_CHARACTERS: Final = 255


KEY_SCHEMA: Final = {"minLength": 1, "maxLength": KEY_MAX_CHARACTERS, "pattern": "^[!-~]([ -~]*[!-~])?$"}
"""How the OpenAPI document tells what `checked_key` takes."""


def checked_key(key: str | None) -> str | None:
    """Returns the `Idempotency-Key` (None: there is none); raises BadIdempotencyKey."""
    if key is None:
        return None
    if not (key.strip() and len(key) <= KEY_MAX_CHARACTERS and key.isascii() and key.isprintable()):
        raise BadIdempotencyKey(
            f"Idempotency-Key must be 1 to {KEY_MAX_CHARACTERS} printable ASCII characters"
        )
    return key.strip()


def checked_team(team_id: str | None, known: frozenset[str]) -> str:
    """Returns which team to start; raises UnknownTeam for one that no runner has."""
    chosen = team_id or DEFAULT_TEAM_ID
    if chosen not in known:
        raise UnknownTeam(f"there is no team {chosen!r}; there are: {', '.join(sorted(known))}")
    return chosen


def checked_inputs(inputs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns what came with the goal; raises BadInputs. Whether `dir` is there, only a runner can tell."""
    given = dict(inputs or {})
    if "dir" in given:
        _check_directory(given["dir"])
    check_json(given, "inputs")
    return given


def check_json(value: Any, field: str) -> None:
    """Raises BadInputs when the bus cannot carry `value`: integers over 64 bits, too deep nesting."""
    try:
        orjson.dumps(value)
    except TypeError as error:
        raise BadInputs(f"{field} cannot be sent: {error}") from None


def _check_directory(directory: object) -> None:
    if not isinstance(directory, str):
        raise BadInputs("inputs.dir must be a string: the absolute path of a directory")
    if "\0" in directory or not PurePosixPath(directory).is_absolute():
        raise BadInputs("inputs.dir must be an absolute path, for example /srv/source")


def start_command(
    request: ProcessRequest,
    who: Principal,
    *,
    key: str | None,
    team_ids: frozenset[str],
    now: datetime,
    valid_for: timedelta,
) -> StartPlan:
    """Returns the command that `request` comes to; with a `key`, its ids are the same each time.

    Secrets are cut out before the request's hash is taken: a short one could be guessed from that.
    Raises UnknownTeam, BadInputs.
    """
    team_id = checked_team(request.team_id, team_ids)
    inputs = without_secrets_in(checked_inputs(request.inputs))
    request = redacted_model(request, keep=("inputs",))
    if len(request.description) > DESCRIPTION_MAX_CHARACTERS:
        raise BadInputs("description is too long once its secrets are redacted; leave them out")
    plan_id = derived_id("plan", who.workspace_id, who.user_id, key) if key else new_id()
    return StartPlan(
        command_id=derived_id("start", plan_id),
        plan_id=plan_id,
        workspace_id=who.workspace_id,
        user_id=who.user_id,
        issued_at=format_timestamp(now),
        session_id=request.session_id or derived_id("session", plan_id),
        description=request.description,
        team_id=team_id,
        require_hitl=bool(request.require_hitl),
        inputs=inputs,
        request_hash=request_hash(request, team_id, inputs),
        expires_at=format_timestamp(now + valid_for),
    )


def request_hash(request: ProcessRequest, team_id: str, inputs: Mapping[str, Any]) -> str:
    """Returns the SHA-256 of what was asked for, by which a repeated request is told from another one."""
    asked = [request.description, request.session_id or "", team_id, bool(request.require_hitl), inputs]
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()


def command_id(who: Principal, plan_id: str, kind: str, key: str | None) -> str:
    """Returns the id of a command to a plan: the same for a repeated `key`, so it has its effect once."""
    return derived_id("command", who.workspace_id, who.user_id, plan_id, kind, key) if key else new_id()


def check_repeats(start: StartPlan, earlier: PlanDocument) -> None:
    """Raises KeyReused unless `start` asks for what the plan of the same key was asked for."""
    if earlier["request_hash"] != start.request_hash:
        raise KeyReused("this Idempotency-Key came with another body before; take a new one")


def created_by(start: StartPlan) -> PlanDocument:
    """Returns the plan of which only the start command is known: created, nothing stored (`last_seq` 0)."""
    team = TEAMS.get(start.team_id)
    return unstored(
        {
            "plan_id": start.plan_id,
            "type": "plan_created",
            "session_id": start.session_id,
            "workspace_id": start.workspace_id,
            "user_id": start.user_id,
            "agent_name": "",
            "content": "",
            "timestamp": start.issued_at,
            "payload": {
                "description": start.description,
                "team": team.model_dump(mode="json") if team else None,
                "request_hash": start.request_hash,
            },
        }
    )


def unstored(first_message: Mapping[str, Any]) -> PlanDocument:
    """Returns the plan as its first message tells it, before anything of it is stored (`last_seq` 0)."""
    return apply(None, {**first_message, "seq": 0, "attempt": 0})


def has_ended(plan: PlanDocument) -> bool:
    """Tells whether the plan's agents say nothing more."""
    return plan["status"] in TERMINAL_STATUSES


def outcome_status(plan: PlanDocument) -> str:
    """Returns what a request that waited is told: how the plan ended, what it waits for, or `in_progress`."""
    told = plan["status"]
    return told if has_ended(plan) or told.startswith("pending_") else "in_progress"
