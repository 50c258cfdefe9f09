"""Asks every instance of every service for its metrics and its readiness, and remembers some minutes of them.

Guarantee: bounded in time, bytes and memory whatever a service answers; an instance that does not answer
holds up no other. A host with several IP addresses (a scaled service) is asked at each. Run by `app.py`; read
by `metric_watcher` and `health`.
"""

import asyncio
import socket
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import orjson

from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import Transient
from agentbus.observability.redaction import redact_text
from agentbus.telemetry.alerts.instruments import SCRAPES
from agentbus.telemetry.alerts.samples import Samples, parse

EVERY_SECONDS: Final = 5.0
WINDOW_SECONDS: Final = 600.0
_ANSWER_SECONDS: Final = 3.0
_BODY_MOST_BYTES: Final = 8_000_000
_DETAIL_CHARACTERS: Final = 500
_SNAPSHOTS: Final = round(WINDOW_SECONDS / EVERY_SECONDS) + 1


@dataclass(frozen=True)
class Target:
    """A service and where its instances answer."""

    service: str
    url: str


@dataclass(frozen=True)
class Snapshot:
    """What an instance said at one moment; `samples` is None when it did not answer."""

    at: datetime
    samples: Samples | None
    status: str = "down"
    detail: str = ""
    checks: dict[str, Any] = field(default_factory=dict)


@dataclass
class Process:
    """One instance: where it is, and its newest snapshots, the oldest first."""

    service: str
    address: str
    instance: str
    snapshots: deque[Snapshot] = field(default_factory=lambda: deque(maxlen=_SNAPSHOTS))

    @property
    def newest(self) -> Snapshot:
        """The newest snapshot; there is one."""
        return self.snapshots[-1]


class Scraper:
    """The instances of all targets."""

    def __init__(self, targets: tuple[Target, ...], clock: Clock) -> None:
        self._targets = targets
        self._clock = clock
        self._processes: dict[str, Process] = {}
        self._asked = False

    @property
    def processes(self) -> list[Process]:
        """Every instance that there is now; raises Transient before all were asked once."""
        if not self._asked:
            raise Transient("the services were not asked yet", code="not_scraped")
        return list(self._processes.values())

    async def run(self) -> None:
        """Asks again and again, until cancelled."""
        limits = httpx.Timeout(_ANSWER_SECONDS)
        async with httpx.AsyncClient(timeout=limits, follow_redirects=False, trust_env=False) as client:
            while True:
                await self.once(client)
                await asyncio.sleep(EVERY_SECONDS)

    async def once(self, client: httpx.AsyncClient) -> None:
        """Asks everyone once."""
        found = [place for places in await asyncio.gather(*map(_places, self._targets)) for place in places]
        asked = await asyncio.gather(*(self._ask(client, url) for _, url in found))
        now: dict[str, Process] = {}
        for (service, url), snapshot in zip(found, asked, strict=True):
            address = urlsplit(url).netloc
            process = self._processes.get(address) or Process(service, address, address)
            process.instance = _instance(snapshot.samples) or process.instance
            process.snapshots.append(snapshot)
            now[address] = process
        self._processes, self._asked = now, True

    async def _ask(self, client: httpx.AsyncClient, url: str) -> Snapshot:
        at = self._clock.now()
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                _, body = await _get(client, f"{url}/metrics")
                status, ready = await _get(client, f"{url}/health/ready")
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
            SCRAPES.labels("failed").inc()
            return Snapshot(at, None, detail=f"no answer: {type(error).__name__}")
        SCRAPES.labels("read").inc()
        samples = parse(body.decode("utf-8", "replace"))
        return _with_readiness(at, samples, status, ready)


async def _get(client: httpx.AsyncClient, url: str) -> tuple[int, bytes]:
    body = bytearray()
    async with client.stream("GET", url) as answer:
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > _BODY_MOST_BYTES:
                raise httpx.DecodingError("the answer is too large")
    return answer.status_code, bytes(body)


def _with_readiness(at: datetime, samples: Samples, status: int, body: bytes) -> Snapshot:
    try:
        told = orjson.loads(body)
        checks = {str(name): dict(check) for name, check in told["checks"].items()}
        word = {"ready": "up", "degraded": "degraded"}.get(told["status"], "not_ready")
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return Snapshot(at, samples, "up" if status == 200 else "not_ready")
    wrong = "; ".join(
        f"{name}: {check.get('detail')}" for name, check in checks.items() if not check.get("ok")
    )
    return Snapshot(at, samples, word, redact_text(wrong)[:_DETAIL_CHARACTERS], checks)


async def _places(target: Target) -> list[tuple[str, str]]:
    """Returns service and address of each instance; the name itself when it has no address."""
    parts = urlsplit(target.url)
    port = parts.port or 80
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError:
        return [(target.service, target.url)]
    hosts = sorted({f"[{each[4][0]}]" if each[0] == socket.AF_INET6 else str(each[4][0]) for each in found})
    return [(target.service, f"{parts.scheme}://{host}:{port}") for host in hosts]


def _instance(samples: Samples | None) -> str | None:
    named = (samples or {}).get("agentbus_process_info", ())
    return next((labels.get("instance") for labels, _ in named), None)
