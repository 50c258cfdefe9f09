"""The live edge of alerts: server-sent events. Part of `/api/v3/alerts`."""

import time
from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from agentbus.chassis.access.book import AccessBook
from agentbus.chassis.auth import Principal
from agentbus.chassis.documentation import ALWAYS
from agentbus.kernel.errors import AgentbusError
from agentbus.telemetry.alerts.callers import MayRead, Viewer
from agentbus.telemetry.alerts.documentation import problems
from agentbus.telemetry.alerts.live import LiveAlerts
from agentbus.telemetry.alerts.parts import Built
from agentbus.telemetry.alerts.settings import AlertSettings

LIVE: Final = APIRouter(prefix="/api/v3/alerts", tags=["alerts"])


@LIVE.get("/stream", response_class=StreamingResponse, responses=problems(*ALWAYS))
async def stream(request: Request, who: Viewer, owner: MayRead, built: Built) -> StreamingResponse:
    """Server-sent events: changes as on `telemetry.alerts`, or `"RESYNC"`: read the list now, as at first.

    Ends after some minutes, when the access does, and when the service stops; then come again.
    """
    built.require_live()
    built.streams.require_room()

    async def events() -> AsyncIterator[bytes]:
        with built.streams.opened(owner) as live:
            async for event in _events(live, who, request.app.state.access.book, request.app.state.settings):
                yield event

    return StreamingResponse(events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _events(
    live: LiveAlerts, who: Principal, book: AccessBook, settings: AlertSettings
) -> AsyncIterator[bytes]:
    deadline = time.monotonic() + settings.alert_stream_seconds
    while not live.ended and (left := deadline - time.monotonic()) > 0:
        waiting = await live.next(min(left, settings.alert_stream_ping_seconds))
        if live.ended or not _holds(who, book):
            return
        yield b"".join(b"data: %b\n\n" % event for event in waiting) or b": ping\n\n"


def _holds(who: Principal, book: AccessBook) -> bool:
    try:
        book.current(who)
    except AgentbusError:
        return False
    return True
