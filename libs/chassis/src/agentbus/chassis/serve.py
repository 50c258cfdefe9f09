"""Runs a service until it is told to stop (SIGTERM, SIGINT) or fails. Called by each service's `__main__`.

Stopping: long waits are told (`Health.on_stop`), no new connections, running requests finish, then the
lifespan's parts stop; each within `stop_grace_seconds`. The exit code is 0 after a signal, 1 after a failure.
"""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final

import uvicorn
from fastapi import FastAPI

from agentbus.chassis.connections import BoundedConnection, Census
from agentbus.chassis.health import Health
from agentbus.chassis.settings import S, ServiceSettings, load
from agentbus.kernel.errors import Fatal
from agentbus.observability import tracing
from agentbus.observability.log import get_logger
from agentbus.observability.secrets.text import add_patterns
from agentbus.observability.setup import configure

_log = get_logger(__name__)

_YOUNG_OBJECTS: Final = 20_000
"""New objects after which the garbage collector looks through them. CPython's 700 is what one batch makes."""


def main(service: str, settings: type[S], build: Callable[[S], FastAPI]) -> None:
    """Runs the service that `build` composes from its settings: the whole of a `__main__`."""
    loaded = load(settings)
    configure(
        service,
        level=loaded.log_level,
        format=loaded.log_format,
        otlp_endpoint=loaded.otlp_endpoint,
        trace_sample_ratio=loaded.trace_sample_ratio,
        instance=loaded.instance,
    )
    try:
        add_patterns(loaded.redact_patterns)
        app = build(loaded)
    except Fatal as error:
        _log.error("cannot start", code=error.code, reason=error.message)
        raise SystemExit(os.EX_CONFIG) from None
    serve(app, loaded)


def serve(app: FastAPI, settings: ServiceSettings) -> None:
    """Serves `app` on the settings' host and port; returns after a graceful stop.

    Raises SystemExit(1) when it could not start, or when a part of it failed for good.
    """
    server = _Server(config(app, settings), app.state.health)
    failure = asyncio.run(_until_stopped(server, app.state.health))
    tracing.shutdown()
    if failure is not None or not server.started:
        _log.error("stopped by a failure", exc_info=failure)
        raise SystemExit(1)


def config(app: FastAPI, settings: ServiceSettings) -> uvicorn.Config:
    """Returns how uvicorn serves `app`: within the settings' bounds, without WebSockets."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=partial(BoundedConnection, settings=settings, census=Census(settings)),  # type: ignore[arg-type]
        h11_max_incomplete_event_size=settings.http_headers_limit_bytes + settings.http_target_limit_bytes,
        timeout_keep_alive=settings.http_idle_seconds,  # type: ignore[arg-type]  # only ever slept
        proxy_headers=False,  # `http.build_app` has them
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=max(1, round(settings.stop_grace_seconds)),
    )


async def _until_stopped(server: uvicorn.Server, health: Health) -> BaseException | None:
    async def stop_on_failure() -> None:
        await health.failed()
        server.should_exit = True

    watch = asyncio.create_task(stop_on_failure())
    try:
        with suppress(SystemExit):  # uvicorn's way to say that the lifespan or the port failed; it logs why
            await server.serve()
    finally:
        watch.cancel()
    return health.failure


class _Server(uvicorn.Server):
    """uvicorn's server, which does not raise a signal again after obeying it: the exit code is ours."""

    def __init__(self, config: uvicorn.Config, health: Health) -> None:
        super().__init__(config)
        self._health = health

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What a service is made of stays as long as it runs: walking all of it again held up a loop for 100 ms.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._health.stop()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {
            number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
