"""What the alert routes work with. Built in `app.py`, in `app.state.alerts`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from agentbus.kernel.clock import Clock
from agentbus.postgres.database import Database
from agentbus.telemetry.alerts.live import Streams
from agentbus.telemetry.alerts.scraping import Scraper


@dataclass(frozen=True)
class AlertParts:
    """`require_live` raises Transient until changes arrive here."""

    database: Database
    clock: Clock
    scraper: Scraper
    streams: Streams
    require_live: Callable[[], object]


def alert_parts(request: Request) -> AlertParts:
    """FastAPI dependency: what the routes work with."""
    built: AlertParts = request.app.state.alerts
    return built


Built = Annotated[AlertParts, Depends(alert_parts)]
