"""Builds the FastAPI application of a service; `app.py` of each service calls it in its composition root."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from agentbus.chassis import auth, openapi, problems
from agentbus.chassis.body import StrictBody
from agentbus.chassis.edge import Edge
from agentbus.chassis.health import Health
from agentbus.chassis.limits import Limits
from agentbus.chassis.openapi import PROBLEM_RESPONSES
from agentbus.chassis.operations import OPERATIONS
from agentbus.chassis.rates import Rates
from agentbus.chassis.settings import ServiceSettings
from agentbus.observability import process
from agentbus.observability.log import get_logger

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
_ALLOWED_HEADERS: Final = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Prefer",
    "traceparent",
    "X-Request-Id",
    "X-Workspace-Id",
)
_EXPOSED_HEADERS: Final = (
    "ETag",
    "Link",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Sync-Rejected",
    "WWW-Authenticate",
    "Workspace-Seq",
    "X-Request-Id",
)
"""What a page of another origin may read of an answer."""

_log = get_logger(__name__)


def build_app(
    settings: ServiceSettings,
    *,
    service: str,
    lifespan: Lifespan,
    routers: Sequence[APIRouter] = (),
    health: Health,
) -> FastAPI:
    """Returns the application: health and metrics, and the API in `routers` when the service has one.

    `lifespan` starts and stops what the service is made of; it must not wait for dependencies that are down.
    Routes find `settings` and `health` in `request.app.state`. Raises Fatal when there is an API that needs
    tokens and no secret to check them with.
    """
    if routers:
        auth.require_way_in(settings)
    app = FastAPI(
        title=service,
        lifespan=_bounded(lifespan, settings.stop_grace_seconds),
        docs_url=None,
        redoc_url=None,
        responses=PROBLEM_RESPONSES if routers else {},
        openapi_url="/openapi.json" if routers else None,
    )
    app.state.settings, app.state.health, app.state.rates = settings, health, Rates(settings)
    process.watch(settings.data_dir)
    for router in (*routers, OPERATIONS):
        app.include_router(router)
    problems.install(app)
    openapi.install(app)
    # The last one added is the outermost: pages of other origins can read failures, too.
    app.add_middleware(
        StrictBody, limit_bytes=settings.body_limit_bytes, limit_seconds=settings.http_body_seconds
    )
    app.add_middleware(Limits, settings=settings, rates=app.state.rates)
    app.add_middleware(Edge, settings=settings)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["*"],
            allow_headers=_ALLOWED_HEADERS,
            expose_headers=_EXPOSED_HEADERS,
        )
    # Puts the client's address and scheme in the place of a trusted proxy's.
    app.add_middleware(
        ProxyHeadersMiddleware, trusted_hosts=[str(network) for network in settings.trusted_proxies]
    )
    return app


def build_ops_app(settings: ServiceSettings, *, service: str, lifespan: Lifespan, health: Health) -> FastAPI:
    """Returns the application of a service without an API: health and metrics only."""
    return build_app(settings, service=service, lifespan=lifespan, health=health)


def _bounded(lifespan: Lifespan, grace_seconds: float) -> Lifespan:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        parts = lifespan(app)
        await parts.__aenter__()
        watching = asyncio.create_task(process.watch_loop(), name="event-loop-delay")
        try:
            yield
        finally:
            watching.cancel()
            try:
                async with asyncio.timeout(grace_seconds):
                    await parts.__aexit__(None, None, None)
            except TimeoutError:
                _log.error("the service did not stop in time", grace_seconds=grace_seconds)

    return run
