"""Errors over HTTP: every one is a problem detail (RFC 9457) with a stable `code`, mapped here and only here.

Called by `http.build_app`. What a caller sent is never echoed, and nothing of a failure inside shows.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from agentbus.chassis.openapi import allow
from agentbus.contracts.http.problems import PROBLEM_MEDIA_TYPE, FieldProblem, Problem
from agentbus.kernel.errors import AgentbusError, Transient
from agentbus.observability.log import get_logger

FIELDS_SHOWN: Final = 20
_FIELD_MAX_CHARACTERS: Final = 200
_log = get_logger(__name__)


def respond(
    scope: Scope,
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Returns the problem as a response; `detail` says what happened and what to do."""
    problem = Problem(
        title=_phrase(status),
        status=status,
        detail=detail,
        code=code,
        instance=_plain(scope.get("path", "")),
        request_id=scope.get("state", {}).get("request_id"),
        errors=list(errors),
    )
    body = problem.model_dump_json(exclude_defaults=False, exclude_none=True)
    return Response(body, status, headers, media_type=PROBLEM_MEDIA_TYPE)


def respond_to(scope: Scope, error: AgentbusError) -> Response:
    """Returns one of our errors as a response. A failure that is ours (500) is logged and not told."""
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, Transient):
        _log.error("request failed", code=error.code, exc_info=error)
        return internal(scope)
    headers = {}
    if isinstance(error, Transient):
        headers["Retry-After"] = str(error.retry_after_seconds)
        _log.warning("request refused for now", code=error.code, reason=error.message)
    if error.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return respond(scope, error.status, error.code, error.message, headers=headers)


def internal(scope: Scope) -> Response:
    """Returns the answer to a failure that is ours; the details are in the logs under the request id."""
    return respond(scope, 500, "internal", "Something failed here. Tell us the request id.")


def install(app: FastAPI) -> None:
    """Makes `app` answer all errors as problems."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, AgentbusError)
        return respond_to(request.scope, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = error.errors()
        return respond(
            request.scope,
            422,
            "invalid",
            _summary(found),
            errors=[_field(item) for item in found[:FIELDS_SHOWN]],
        )

    async def other(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:  # Starlette names the first route's alone
            headers["Allow"] = allow(app, request.scope["path"])
        return respond(
            request.scope,
            error.status_code,
            _phrase(error.status_code).lower().replace(" ", "_").replace("'", ""),
            str(error.detail),
            headers=headers,
        )

    app.add_exception_handler(AgentbusError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, other)


def _summary(found: Sequence[Any]) -> str:
    first = _field(found[0]) if found else None
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{first.field}: {first.message}{more}" if first else "The request is not valid."


def _field(item: Mapping[str, Any]) -> FieldProblem:
    where = ".".join(_plain(str(part)) for part in item["loc"])
    return FieldProblem(field=where[:_FIELD_MAX_CHARACTERS], message=_plain(item["msg"]))


def _plain(text: str) -> str:
    """Returns `text` short and as valid Unicode: names of fields come from outside too."""
    return text[:_FIELD_MAX_CHARACTERS].encode("utf-8", "replace").decode()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
