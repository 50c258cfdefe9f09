"""The edge of every service: a failure shows nothing, who asks is checked, each answer is counted."""

import re
from datetime import timedelta

import httpx
import pytest
from prometheus_client import REGISTRY
from support.demo_service import SETTINGS, client_of, lifespan, problem_in

from agentbus.chassis.auth import issue
from agentbus.chassis.health import Health
from agentbus.chassis.http import build_ops_app
from agentbus.chassis.settings import ServiceSettings
from agentbus.kernel.errors import Fatal


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
    async with client_of() as client:
        answer = await client.get(f"/api/things/failing/{kind}")
        problem_in(answer, status, code)
        assert "secret inside" not in answer.text
        assert answer.headers.get("retry-after") == ("7" if kind == "busy" else None)


async def test_unknown_paths_and_methods_are_problems() -> None:
    async with client_of() as client:
        problem_in(await client.get("/nowhere"), 404, "not_found")
        problem_in(await client.delete("/api/things/1"), 405, "method_not_allowed")


async def test_tokens_and_roles_are_asked_for() -> None:
    settings = ServiceSettings.model_validate({"auth": "token", "auth_secret": "s" * 32})

    def bearer(role: str) -> dict[str, str]:
        return {"authorization": f"Bearer {issue(settings, 'ann', 'w', role, timedelta(minutes=1))}"}

    async with client_of(settings) as client:
        refused = await client.get("/api/things/admin")
        problem_in(refused, 401, "unauthenticated")
        assert refused.headers["www-authenticate"] == "Bearer"
        problem_in(await client.get("/api/things/admin", headers=bearer("editor")), 403, "forbidden")
        assert (await client.get("/api/things/admin", headers=bearer("admin"))).json() == "ok"
        token = bearer("admin")["authorization"].removeprefix("Bearer ")
        problem_in(await client.get(f"/api/things/admin?token={token}"), 401, "unauthenticated")


async def test_without_tokens_foreign_hosts_and_pages_get_nothing() -> None:
    async with client_of() as client:
        for path in ("/metrics", "/health/live", "/api/things/admin", "/openapi.json"):
            problem_in(await client.get(path, headers={"host": "evil.example"}), 403, "foreign_host")
            problem_in(
                await client.get(path, headers={"origin": "http://evil.example"}), 403, "foreign_origin"
            )


def test_an_api_that_needs_tokens_needs_a_secret() -> None:
    with pytest.raises(Fatal):
        client_of(ServiceSettings.model_validate({"auth": "token", "auth_secret": None}))


async def test_answers_carry_security_headers_and_the_request_id() -> None:
    async with client_of() as client:
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
    async with client_of() as client:
        for number in range(3):
            await client.post(f"/api/things/{number}", json={"name": "a"})
        text = (await client.get("/metrics")).text
    assert count("/api/things/{thing_id}", "200") == before + 3
    assert "agentbus_http_request_seconds_bucket" in text


async def test_ready_tells_each_check_and_live_tells_a_failure() -> None:
    health = Health()

    async def down() -> None:
        raise OSError("refused")

    async with client_of(health=health) as client:
        assert (await client.get("/health/ready")).status_code == 200
        health.check("kafka", down)
        answer = await client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {"kafka": {"ok": False, "detail": "refused"}}
        assert (await client.get("/health/live")).status_code == 200
        health.fail(Fatal("too much poison"))
        assert (await client.get("/health/live")).status_code == 503


async def test_what_is_not_needed_leaves_a_service_ready_for_the_rest() -> None:
    health = Health()

    async def down() -> None:
        raise OSError("refused")

    health.check("database", down, needed=False)
    async with client_of(health=health) as client:
        answer = await client.get("/health/ready")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert answer.json()["checks"] == {"database": {"ok": False, "detail": "refused"}}


async def test_pages_of_listed_origins_may_read_what_answers_say() -> None:
    origin = "https://app.example.org"
    settings = SETTINGS.model_copy(update={"cors_origins": (origin,)})
    async with client_of(settings) as client:
        answer = await client.get("/health/live", headers={"origin": origin})
        assert answer.headers["access-control-allow-origin"] == origin
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"ETag", "Link", "Preference-Applied", "Retry-After", "X-Request-Id"} <= set(exposed)
        failed = await client.get("/api/things/failing/bug", headers={"origin": origin})
        assert (failed.status_code, failed.headers.get("access-control-allow-origin")) == (500, origin)


async def test_the_openapi_document_describes_problems() -> None:
    async with client_of() as client:
        document = (await client.get("/openapi.json")).json()
    answers = document["paths"]["/api/things/{thing_id}"]["post"]["responses"]
    schema = answers["4XX"]["content"]["application/problem+json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Problem"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_a_service_without_an_api_has_operations_only() -> None:
    settings = ServiceSettings.model_validate({"auth": "token", "auth_secret": None})
    app = build_ops_app(settings, service="demo", lifespan=lifespan, health=Health())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://any") as client:
        assert (await client.get("/health/ready")).status_code == 200
        assert (await client.get("/openapi.json")).status_code == 404
