"""What the OpenAPI document says of this service's answers beyond their models. Called by `routes.py`."""

from http import HTTPStatus
from typing import Any, Final

from agentbus.contracts.http.problems import PROBLEM_MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]

_CASES: Final = {
    400: ("malformed_json", "The body is not JSON: unexpected end of data."),
    401: ("unauthenticated", "an access token is needed: Authorization: Bearer …"),
    403: ("forbidden", "this needs the role editor, and you are viewer"),
    404: ("unknown_plan", "there is no such plan"),
    409: ("plan_ended", "the plan has ended: completed"),
    413: ("body_too_large", "The body may have up to 1000000 bytes."),
    415: ("unsupported_media_type", "Send application/json."),
    422: ("unknown_team", "there is no team 'rewiev'; there are: model, review"),
    429: ("rate_limited", "Too many requests; try again in 2 s."),
    503: ("bus_unavailable", "Kafka did not acknowledge"),
}


_ACCESS_CASES: Final = _CASES | {
    403: ("forbidden", "this needs the role admin, and you are editor"),
    404: ("unknown_key", "there is no such API key"),
    409: ("last_admin", "this is the workspace's last admin: make another one first"),
    422: ("invalid_scopes", "a key of a viewer may have these scopes: plans:read"),
    503: ("access_unknown", "who may do what is not known yet"),
}


_COME_AGAIN: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def problems(*statuses: int) -> Responses:
    """Returns the problem answers of a route, with an example each."""
    return {status: _problem(status, *_CASES[status]) for status in statuses}


def access_problems(*statuses: int) -> Responses:
    """As `problems`, of a route under `/api/v3/access`."""
    return {status: _problem(status, *_ACCESS_CASES[status]) for status in statuses}


def _problem(status: int, code: str, detail: str) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    example = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    schema = {"$ref": "#/components/schemas/Problem"}
    described: dict[str, Any] = {
        "description": f"{title} (RFC 9457), for example `{code}`.",
        "content": {PROBLEM_MEDIA_TYPE: {"schema": schema, "example": example}},
    }
    if status in _COME_AGAIN:
        described["headers"] = {"Retry-After": header("Seconds after which to try again.", "integer")}
    return described


def header(description: str, kind: str = "string") -> dict[str, Any]:
    """Returns the description of a response header."""
    return {"description": description, "schema": {"type": kind}}


ALWAYS: Final = (401, 403, 422, 429, 503)
WITH_BODY: Final = (400, 413, 415, *ALWAYS)
PAGED: Final = {"Link": header('`rel="next"`: where the rest is; absent on the last page.')}
SUBMITTED: Final[Responses] = {
    200: {
        "description": "On the bus. With `Prefer: wait=N`: how it ended, or what there is after N seconds.",
        "headers": {
            "Preference-Applied": header("`wait=N` when the answer has waited, with the N that held.")
        },
    }
}
PLAN_READ: Final[Responses] = {
    200: {
        "description": "The plan and its messages in order.",
        "headers": {**PAGED, "ETag": header("Of the plan as stored; send it back in If-None-Match.")},
    },
    304: {"description": "The plan is still as the entity tag in If-None-Match says."},
}
PLANS_READ: Final[Responses] = {200: {"description": "Newest first.", "headers": PAGED}}
AUDIT_READ: Final[Responses] = {200: {"description": "Newest first.", "headers": PAGED}}
