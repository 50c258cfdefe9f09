"""Rate limits: by address and by principal, stricter for whoever fails to authenticate; never for health."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr, ValidationError
from support.demo_service import demo_app, problem_in

from agentbus.chassis.auth import issue
from agentbus.chassis.limit_settings import Quota
from agentbus.chassis.rates import address_of
from agentbus.chassis.settings import ServiceSettings

ROUTE = "/api/things/1?user_id=ann"
BODY = {"name": "a"}


def settings_with(**changes: Any) -> ServiceSettings:
    return ServiceSettings.model_validate({"auth": "none", **changes})


def client_at(app: Any, address: str = "10.0.0.1", **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=(address, 1234))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("agentbus_http_refused_total", {"reason": reason}) or 0.0


async def test_an_address_has_its_quota_and_is_told_when_to_come_back() -> None:
    app = demo_app(settings_with(http_rate_address="3/60s"))
    before = refused("rate_address")
    async with client_at(app) as client, client_at(app, "10.0.0.2") as other:
        left = [(await client.get("/api/none")).headers["ratelimit"] for _ in range(3)]
        assert left == ['"address";r=2;t=20', '"address";r=1;t=40', '"address";r=0;t=60']
        answer = await client.get("/api/none")
        assert "try again" in problem_in(answer, 429, "rate_limited").detail
        assert 1 <= int(answer.headers["retry-after"]) <= 20
        assert answer.headers["ratelimit-policy"] == '"address";q=3;w=60'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await other.get("/api/none")).status_code == 404
    assert refused("rate_address") == before + 1


async def test_a_principal_has_its_quota_wherever_it_asks_from() -> None:
    app = demo_app(settings_with(http_rate_principal="2/60s"))
    for address in ("10.0.0.1", "10.0.0.2"):
        async with client_at(app, address) as client:
            assert (await client.post(ROUTE, json=BODY)).status_code == 200
    async with client_at(app, "10.0.0.3") as client:
        problem_in(await client.post(ROUTE, json=BODY), 429, "rate_limited")
        answer = await client.post("/api/things/1?user_id=bob", json=BODY)
        assert answer.status_code == 200
        left = answer.headers["ratelimit"]
        assert re.fullmatch(r'"address";r=599[89];t=1, "principal";r=1;t=(29|30)', left), left


async def test_whoever_fails_to_authenticate_has_to_wait_also_with_a_good_token() -> None:
    settings = settings_with(auth="token", auth_secret=SecretStr("s" * 32), http_rate_failures="3/60s")
    good = f"Bearer {issue(settings, 'ann', 'w', 'editor', timedelta(minutes=5))}"
    app = demo_app(settings)
    async with client_at(app) as client:
        for _ in range(3):
            answer = await client.post(ROUTE, json=BODY, headers={"Authorization": "Bearer guess"})
            problem_in(answer, 401, "unauthenticated")
        locked = await client.post(ROUTE, json=BODY, headers={"Authorization": good})
        problem_in(locked, 429, "rate_limited")
        assert 1 <= int(locked.headers["retry-after"]) <= 20
        assert (await client.get("/health/live")).status_code == 200
    async with client_at(app, "10.0.0.2", Authorization=good) as elsewhere:
        assert (await elsewhere.post(ROUTE, json=BODY)).status_code == 200


async def test_health_and_metrics_are_never_counted() -> None:
    app = demo_app(settings_with(http_rate_address="1/60s"))
    async with client_at(app) as client:
        for _ in range(3):
            for path in ("/health/live", "/health/ready", "/metrics"):
                answer = await client.get(path)
                assert answer.status_code == 200
                assert "ratelimit" not in answer.headers


async def test_off_is_off() -> None:
    app = demo_app(
        settings_with(http_rate_address="off", http_rate_principal="off", http_rate_failures="off")
    )
    async with client_at(app) as client:
        answer = await client.post(ROUTE, json=BODY)
        assert (answer.status_code, "ratelimit" in answer.headers) == (200, False)


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted_as"),
    [
        ("127.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "6.6.6.6, 10.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "10.0.0.1, 127.0.0.1", "10.0.0.1"),
        ("127.0.0.1", "10.0.0.1:4711", "10.0.0.1"),
        ("192.0.2.9", "10.0.0.1", "192.0.2.9"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "nonsense" * 200, "nonsense" * 37 + "nons"),
    ],
)
async def test_only_a_trusted_proxy_is_believed(peer: str, forwarded: str, counted_as: str) -> None:
    app = demo_app(settings_with())
    seen: list[str] = []
    spend = app.state.rates.spend

    def seeing(scope: Any, kind: Any, key: str) -> None:
        seen.append(key)
        spend(scope, kind, key)

    app.state.rates.spend = seeing
    async with client_at(app, peer, **{"X-Forwarded-For": forwarded}) as client:
        await client.get("/api/none")
    assert seen == [counted_as]


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
    ],
)
def test_one_client_is_one_key(host: str, key: str) -> None:
    assert address_of({"client": (host, 1)}) == key


@pytest.mark.parametrize("quota", ["10", "0/1s", "10/0s", "10/1m", "-1/1s", ""])
def test_a_quota_that_is_none_is_refused(quota: str) -> None:
    with pytest.raises(ValidationError):
        settings_with(http_rate_address=quota)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTBUS_HTTP_RATE_PRINCIPAL", "5/2s")
    monkeypatch.setenv("AGENTBUS_HTTP_RATE_ADDRESS", "off")
    monkeypatch.setenv("AGENTBUS_TRUSTED_PROXIES", "10.1.0.0/16, 192.0.2.7")
    settings = settings_with()
    assert (settings.http_rate_principal, settings.http_rate_address) == (Quota(5, 2), None)
    assert settings.trusts("10.1.2.3")
    assert settings.trusts("192.0.2.7")
    assert not settings.trusts("127.0.0.1")
    assert not settings.trusts("edge")
