"""What browsers are told with every answer, and which pages may read answers at all (CORS by list)."""

import httpx
import pytest
from pydantic import ValidationError
from support.demo_service import SETTINGS, client_of, demo_app, problem_in

from agentbus.chassis.settings import ServiceSettings

PAGE = "https://app.example.org"
LISTED = SETTINGS.model_copy(update={"cors_origins": (PAGE,)})
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@pytest.mark.parametrize(
    "path", ["/health/live", "/api/none", "/api/things/failing/gone", "/api/things/admin"]
)
async def test_every_answer_has_the_security_headers(path: str) -> None:
    async with client_of() as client:
        headers = (await client.get(path)).headers
        assert {name: headers.get(name) for name in HEADERS} == HEADERS
        assert "strict-transport-security" not in headers


@pytest.mark.parametrize(("peer", "told"), [("127.0.0.1", True), ("192.0.2.9", False)])
async def test_over_tls_browsers_are_told_to_stay_there(peer: str, told: bool) -> None:
    transport = httpx.ASGITransport(demo_app(), client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        headers = (await client.get("/health/live", headers={"X-Forwarded-Proto": "https"})).headers
        assert ("strict-transport-security" in headers) is told


async def test_a_page_that_is_not_listed_may_read_nothing() -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    async with client_of(LISTED) as client:
        for origin in ("https://evil.example", f"{PAGE}.evil.example", "null", "http://app.example.org"):
            answer = await client.get("/health/live", headers={"Origin": origin})
            assert "access-control-allow-origin" not in answer.headers
            preflight = await client.options("/api/things/1", headers={"Origin": origin, **asked})
            assert (preflight.status_code, "access-control-allow-origin" in preflight.headers) == (400, False)
        preflight = await client.options("/api/things/1", headers={"Origin": PAGE, **asked})
        assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, PAGE)
        assert "access-control-allow-credentials" not in preflight.headers


@pytest.mark.parametrize(
    "origin", ["*", "app.example.org", f"{PAGE}/", f"{PAGE}/path", "https://*.example.org"]
)
def test_origins_are_listed_one_by_one(origin: str) -> None:
    with pytest.raises(ValidationError):
        ServiceSettings.model_validate({"auth": "none", "cors_origins": (PAGE, origin)})


async def test_a_wrong_method_is_told_all_right_ones() -> None:
    async with client_of() as client:
        answer = await client.put("/api/things/required")
        problem_in(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "GET, POST"
