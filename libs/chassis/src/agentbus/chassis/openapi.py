"""The OpenAPI document says what errors look like: problem details, under their own media type."""

from typing import Any, Final

from fastapi import FastAPI
from starlette.routing import compile_path

from agentbus.contracts.http.problems import PROBLEM_MEDIA_TYPE, Problem

_STATUSES: Final = ("4XX", "5XX")
PROBLEM_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": Problem, "description": "What went wrong (RFC 9457)."} for status in _STATUSES
}
"""For `FastAPI(responses=…)`; takes the place of FastAPI's own description of validation errors."""


def install(app: FastAPI) -> None:
    """Makes `app.openapi()` name the media type that `problems.respond` answers with."""
    generate = app.openapi

    def document() -> dict[str, Any]:
        generated = generate()
        for path in generated["paths"].values():
            for operation in path.values():
                _rename(operation["responses"])
        return generated

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to change the document


def allow(app: FastAPI, path: str) -> str:
    """Returns the methods of all routes at `path` for `Allow` (RFC 9110 section 10.2.1)."""
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    found = {
        method.upper()
        for template, methods in paths.items()
        if compile_path(template)[0].match(path)
        for method in methods
    }
    return ", ".join(sorted(found))


def _rename(responses: dict[str, Any]) -> None:
    for status in _STATUSES:
        content = responses.get(status, {}).get("content", {})
        for media_type in [name for name in content if name != PROBLEM_MEDIA_TYPE]:
            content[PROBLEM_MEDIA_TYPE] = content.pop(media_type)
