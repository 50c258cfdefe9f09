"""How plans and messages look to clients (compatibility.md section 1), pure. Called by `reads.py`.

Documents are served as they are stored, without models on the way: 10,000 messages are one JSON dump.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, Final

import orjson

from agentbus.mongo.plans import PlanCursor
from agentbus.plan.dialect import DEFAULT, Dialect, view
from agentbus.plan.projection import PlanDocument
from agentbus.plans.errors import BadCursor

_REPRESENTATION: Final = 1
"""Part of every ETag: grows when the same plan is served in another form."""

_INSIDE: Final = frozenset({"_id", "team", "request_hash"})


def plan_view(plan: PlanDocument) -> dict[str, Any]:
    """Returns the `plan` object; its team and proposed steps stand elsewhere in the answer."""
    return {**{key: value for key, value in plan.items() if key not in _INSIDE}, "m_plan": None}


def listed_view(plan: PlanDocument) -> dict[str, Any]:
    """Returns the `plan` object as it stands in a list: without its result, which can be long."""
    return {key: value for key, value in plan_view(plan).items() if key != "result"}


def whole_view(plan: PlanDocument, messages: Sequence[dict[str, Any]], dialect: Dialect) -> dict[str, Any]:
    """Returns the body of `GET /api/v3/plan`: exactly five keys."""
    return {
        "plan": plan_view(plan),
        "team": plan["team"],
        "messages": messages if dialect == DEFAULT else [view(message, dialect) for message in messages],
        "m_plan": plan["m_plan"],
        "streaming_message": plan["streaming_message"],
    }


def etag(plan: PlanDocument, dialect: Dialect) -> str:
    """Returns the entity tag of the plan as stored: messages are only ever added, so `last_seq` names it."""
    return f'W/"{_REPRESENTATION}.{plan["attempt"]}.{plan["last_seq"]}.{dialect}"'


def cursor_after(plan: PlanDocument) -> str:
    """Returns the opaque place behind `plan` in the list of plans."""
    place = orjson.dumps([plan["created_at"], plan["plan_id"]])
    return base64.urlsafe_b64encode(place).rstrip(b"=").decode()


def parse_cursor(text: str) -> PlanCursor:
    """Returns the place that `cursor_after` named; raises BadCursor."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        place = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError):
        place = None
    match place:
        case [str() as created_at, str() as plan_id]:
            return PlanCursor(created_at, plan_id)
    raise BadCursor("cursor must be one from a Link header")
