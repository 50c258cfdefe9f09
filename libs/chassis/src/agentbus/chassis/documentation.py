"""What OpenAPI documents say of answers beyond their models: problems with an example each, headers, pages.

Called by `documentation.py` of the services, which name their own cases.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from agentbus.contracts.http.problems import PROBLEM_MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]
Cases = Mapping[int, tuple[str, str]]
"""By status: an example's `code` and `detail`."""

ALWAYS: Final = (401, 403, 422, 429, 503)
WITH_BODY: Final = (400, 413, 415, *ALWAYS)

SHARED_CASES: Final[dict[int, tuple[str, str]]] = {
    400: ("malformed_json", "The body is not JSON: unexpected end of data."),
    401: ("unauthenticated", "an access token is needed: Authorization: Bearer …"),
    415: ("unsupported_media_type", "Send application/json."),
    429: ("rate_limited", "Too many requests; try again in 2 s."),
}
"""The same in every service."""

_COME_AGAIN: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


def problem_answers(cases: Cases, statuses: tuple[int, ...]) -> Responses:
    """Returns the problem answers of a route, with an example each; KeyError for a status without a case."""
    return {status: _problem(status, *cases[status]) for status in statuses}


def header(description: str, kind: str = "string") -> dict[str, Any]:
    """Returns the description of a response header."""
    return {"description": description, "schema": {"type": kind}}


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


PAGED: Final = {"Link": header('`rel="next"`: where the rest is; absent on the last page.')}
