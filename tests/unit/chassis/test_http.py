"""The edge of every service: bad input gets a problem, a failure shows nothing, each answer is counted."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query
from prometheus_client import REGISTRY
from pydantic import BaseModel, Field

from agentbus.chassis.auth import Principal, Role, issue, principal, requires
from agentbus.chassis.health import Health
from agentbus.chassis.http import build_app, build_ops_app
from agentbus.chassis.settings import ServiceSettings
from agentbus.contracts.http.problems import Problem
from agentbus.kernel.errors import Fatal, Rejected, Transient

SETTINGS = ServiceSettings.model_validate({"auth": "none", "body_limit_bytes": 10_000})
JSON = {"content-type": "application/json"}
things = APIRouter(prefix="/things")


class Thing(BaseModel):
    """A body."""

    name: str = Field(min_length=1, pattern="^[a-z]+$")
    size: int = 1
    more: dict[str, int] = Field(default_factory=dict)


@things.post("/{thing_id}")
async def create(thing_id: str, body: Thing, who: Annotated[Principal, Depends(principal)]) -> dict[str, Any]:
    return {"id": thing_id, "name": body.name, "user": who.user_id}


@things.post("/{thing_id}/cancel")
async def cancel(thing_id: str) -> str:
    return thing_id


@things.get("/required")
async def required(thing_id: str, limit: Annotated[int, Query(le=10)] = 1) -> int:
    return limit


@things.get("/failing/{kind}")
async def failing(kind: str) -> None:
    raise {
        "gone": Rejected("there is no such thing", code="unknown_thing", status=404),
        "busy": Transient("Kafka does not answer", code="bus_down", retry_after_seconds=7),
        "fatal": Fatal("secret inside"),
        "bug": RuntimeError("secret inside"),
    }[kind]


@things.get("/admin", dependencies=[Depends(requires(Role.ADMIN))])
async def admin() -> str:
    return "ok"


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield


def _client(settings: ServiceSettings = SETTINGS, health: Health | None = None) -> httpx.AsyncClient:
    api = APIRouter(prefix="/api")
    api.include_router(things)
    app = build_app(settings, service="demo", lifespan=_lifespan, routers=[api], health=health or Health())
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


def _problem(response: httpx.Response, status: int, code: str) -> Problem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(response.content)
    assert (problem.status, problem.code) == (status, code)
    assert problem.request_id == response.headers["x-request-id"]
    return problem


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", JSON, 400, "malformed_json"),
        (b"\xff\xfe", JSON, 400, "malformed_json"),
        (b'{"name": "\xff"}', JSON, 400, "malformed_json"),
        (b'{"name": "\\ud800"}', JSON, 400, "malformed_json"),
        (b'{"name": "a", "size": NaN}', JSON, 400, "malformed_json"),
        (b"[" * 5_000, JSON, 400, "malformed_json"),
        (b'{"name": "a"}', {}, 415, "unsupported_media_type"),
        (b"name=a", {"content-type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
        (b'{"name": "a"}', {"content-type": "text/plain"}, 415, "unsupported_media_type"),
        (b'"' + b"a" * 10_000 + b'"', JSON, 413, "body_too_large"),
        (b"null", JSON, 422, "invalid"),
        (b"[]", JSON, 422, "invalid"),
        (b"", JSON, 422, "invalid"),
        (b'{"name": ""}', JSON, 422, "invalid"),
        (b'{"name": 7, "size": "x"}', JSON, 422, "invalid"),
        (b'{"name": "a", "size": 1e400}', JSON, 400, "malformed_json"),
    ],
)
async def test_a_bad_body_is_a_problem(body: bytes, headers: dict[str, str], status: int, code: str) -> None:
    async with _client() as client:
        _problem(await client.post("/api/things/1", content=body, headers=headers), status, code)


async def test_a_body_without_announced_length_is_bounded_too() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 1_000

    async with _client() as client:
        _problem(await client.post("/api/things/1", content=endless(), headers=JSON), 413, "body_too_large")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/merge-patch+json"])
async def test_a_good_body_reaches_the_route(content_type: str) -> None:
    async with _client() as client:
        answer = await client.post(
            "/api/things/1?user_id=ann", content=b'{"name": "a"}', headers={"content-type": content_type}
        )
        assert answer.json() == {"id": "1", "name": "a", "user": "ann"}
        assert (await client.post("/api/things/1/cancel")).json() == "1"


async def test_each_wrong_field_is_named_and_nothing_is_echoed() -> None:
    async with _client() as client:
        answer = await client.post("/api/things/1", json={"name": "HUNTER2" * 500, "size": "big"})
        problem = _problem(answer, 422, "invalid")
        assert [error.field for error in problem.errors] == ["body.name", "body.size"]
        assert "HUNTER2" not in answer.text

        missing = _problem(await client.get("/api/things/required?limit=99"), 422, "invalid")
        assert {error.field for error in missing.errors} == {"query.thing_id", "query.limit"}


async def test_a_thousand_wrong_fields_make_a_short_answer() -> None:
    async with _client() as client:
        more = {f"{'k' * 300}{number}": "x" for number in range(30)}
        answer = await client.post("/api/things/1", json={"name": "a", "more": more})
        assert len(answer.content) < 10_000
        assert "29 more" in _problem(answer, 422, "invalid").detail


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("gone", 404, "unknown_thing"),
        ("busy", 503, "bus_down"),
        ("fatal", 500, "internal"),
        ("bug", 500, "internal"),
    ],
)
async def test_our_errors_have_their_status_and_code(kind: str, status: int, code: str) -> None:
    async with _client() as client:
        answer = await client.get(f"/api/things/failing/{kind}")
        _problem(answer, status, code)
        assert "secret inside" not in answer.text
        assert answer.headers.get("retry-after") == ("7" if kind == "busy" else None)


async def test_unknown_paths_and_methods_are_problems() -> None:
    async with _client() as client:
        _problem(await client.get("/nowhere"), 404, "not_found")
        _problem(await client.delete("/api/things/1"), 405, "method_not_allowed")


async def test_tokens_and_roles_are_asked_for() -> None:
    settings = ServiceSettings.model_validate({"auth": "token", "auth_secret": "s" * 32})

    def bearer(role: str) -> dict[str, str]:
        return {"authorization": f"Bearer {issue(settings, 'ann', 'w', role, timedelta(minutes=1))}"}

    async with _client(settings) as client:
        refused = await client.get("/api/things/admin")
        _problem(refused, 401, "unauthenticated")
        assert refused.headers["www-authenticate"] == "Bearer"
        _problem(await client.get("/api/things/admin", headers=bearer("editor")), 403, "forbidden")
        assert (await client.get("/api/things/admin", headers=bearer("admin"))).json() == "ok"
        token = bearer("admin")["authorization"].removeprefix("Bearer ")
        _problem(await client.get(f"/api/things/admin?token={token}"), 401, "unauthenticated")


async def test_without_tokens_foreign_hosts_and_pages_get_nothing() -> None:
    async with _client() as client:
        for path in ("/metrics", "/health/live", "/api/things/admin", "/openapi.json"):
            _problem(await client.get(path, headers={"host": "evil.example"}), 403, "foreign_host")
            _problem(await client.get(path, headers={"origin": "http://evil.example"}), 403, "foreign_origin")


def test_an_api_that_needs_tokens_needs_a_secret() -> None:
    with pytest.raises(Fatal):
        _client(ServiceSettings.model_validate({"auth": "token", "auth_secret": None}))


async def test_answers_carry_security_headers_and_the_request_id() -> None:
    async with _client() as client:
        kept = await client.get("/health/live", headers={"x-request-id": "r-1"})
        assert kept.headers["x-request-id"] == "r-1"
        assert kept.headers["x-content-type-options"] == "nosniff"
        assert kept.headers["cache-control"] == "no-store"
        replaced = await client.get("/health/live", headers={"x-request-id": "not an id"})
        assert re.fullmatch("[0-9a-f]{32}", replaced.headers["x-request-id"])


async def test_requests_are_counted_by_route_template() -> None:
    def count(route: str, status: str) -> float:
        labels = {"method": "POST", "route": route, "status": status}
        return REGISTRY.get_sample_value("agentbus_http_requests_total", labels) or 0.0

    before = count("/api/things/{thing_id}", "200")
    async with _client() as client:
        for number in range(3):
            await client.post(f"/api/things/{number}", json={"name": "a"})
        text = (await client.get("/metrics")).text
    assert count("/api/things/{thing_id}", "200") == before + 3
    assert "agentbus_http_request_seconds_bucket" in text


async def test_ready_tells_each_check_and_live_tells_a_failure() -> None:
    health = Health()

    async def down() -> None:
        raise OSError("refused")

    async with _client(health=health) as client:
        assert (await client.get("/health/ready")).status_code == 200
        health.check("kafka", down)
        answer = await client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {"kafka": {"ok": False, "detail": "refused"}}
        assert (await client.get("/health/live")).status_code == 200
        health.fail(Fatal("too much poison"))
        assert (await client.get("/health/live")).status_code == 503


async def test_the_openapi_document_describes_problems() -> None:
    async with _client() as client:
        document = (await client.get("/openapi.json")).json()
    answers = document["paths"]["/api/things/{thing_id}"]["post"]["responses"]
    schema = answers["4XX"]["content"]["application/problem+json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Problem"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_a_service_without_an_api_has_operations_only() -> None:
    settings = ServiceSettings.model_validate({"auth": "token", "auth_secret": None})
    app = build_ops_app(settings, service="demo", lifespan=_lifespan, health=Health())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://any") as client:
        assert (await client.get("/health/ready")).status_code == 200
        assert (await client.get("/openapi.json")).status_code == 404
