"""The live edge of alerts: server-sent events. Part of `/api/v3/alerts`."""

from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from agentbus.chassis.documentation import ALWAYS
from agentbus.chassis.event_stream import streamed
from agentbus.telemetry.alerts.callers import MayRead, Viewer
from agentbus.telemetry.alerts.documentation import problems
from agentbus.telemetry.alerts.parts import Built

LIVE: Final = APIRouter(prefix="/api/v3/alerts", tags=["alerts"])


@LIVE.get("/stream", response_class=StreamingResponse, responses=problems(*ALWAYS))
async def stream(request: Request, who: Viewer, owner: MayRead, built: Built) -> StreamingResponse:
    """Server-sent events: changes as on `telemetry.alerts`, or `"RESYNC"`: read the list now, as at first.

    Ends after some minutes, when the access does, and when the service stops; then come again.
    """
    built.require_live()
    built.streams.require_room()

    settings = request.app.state.settings
    return streamed(
        built.streams.opened(owner),
        who,
        request.app.state.access.book,
        seconds=settings.alert_stream_seconds,
        ping_seconds=settings.alert_stream_ping_seconds,
    )
