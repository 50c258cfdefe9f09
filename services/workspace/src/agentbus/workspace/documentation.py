"""What the OpenAPI document says of this service's answers beyond their models. Called by its routes."""

from http import HTTPStatus
from typing import Any, Final

from agentbus.contracts.http.problems import PROBLEM_MEDIA_TYPE

Responses = dict[int | str, dict[str, Any]]

_CASES: Final = {
    400: ("malformed_json", "The body is not JSON: unexpected end of data."),
    401: ("unauthenticated", "an access token is needed: Authorization: Bearer …"),
    403: ("other_workspace", "the access token is for another workspace"),
    404: ("unknown_document", "there is no task 't1' here"),
    409: ("document_exists", "there is another task 't1'"),
    412: ("changed_meanwhile", 'the document is at "43" by now: read it, and try again'),
    413: ("body_too_large", "The body may have up to 16000000 bytes."),
    415: ("unsupported_media_type", "Send application/json."),
    422: ("invalid_document", "status: Input should be 'IN_PROGRESS', 'DONE', …"),
    429: ("rate_limited", "Too many requests; try again in 2 s."),
    503: ("database_unavailable", "PostgreSQL is away"),
}
_COME_AGAIN: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)

ALWAYS: Final = (401, 403, 422, 429, 503)
WITH_BODY: Final = (400, 413, 415, *ALWAYS)


def problems(*statuses: int) -> Responses:
    """Returns the problem answers of a route, with an example each."""
    return {status: _problem(status, *_CASES[status]) for status in statuses}


def _problem(status: int, code: str, detail: str) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    example = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code}
    schema = {"$ref": "#/components/schemas/Problem"}
    described: dict[str, Any] = {
        "description": f"{title} (RFC 9457), for example `{code}`.",
        "content": {PROBLEM_MEDIA_TYPE: {"schema": schema, "example": example}},
    }
    if status in _COME_AGAIN:
        described["headers"] = {"Retry-After": _header("Seconds after which to try again.", "integer")}
    return described


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


LISTED: Final[Responses] = {
    200: {
        "description": "The newest first.",
        "headers": {
            "Link": _header('`rel="next"`: where the rest is; absent on the last page.'),
            "Workspace-Seq": _header(
                "The change of the workspace that this shows the state after.", "integer"
            ),
        },
    }
}
_TAG: Final = {"ETag": _header("Of the document as it is; send it back in If-Match.")}
DOCUMENT: Final[Responses] = {200: {"description": "The document.", "headers": _TAG}}
