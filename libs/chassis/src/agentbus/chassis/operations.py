"""What every service answers to those who run it: `/health/live`, `/health/ready`, `/metrics`."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from agentbus.chassis.health import Health, overall
from agentbus.observability import metrics
from agentbus.observability.redaction import redact_text

OPERATIONS: Final = APIRouter(tags=["operations"])


@OPERATIONS.get("/health/live", summary="Is the process worth keeping?")
async def live(request: Request) -> JSONResponse:
    """Answers 200, or 503 once the process has failed for good and is stopping."""
    health: Health = request.app.state.health
    if health.failure is None:
        return _answer(request, 200, "live")
    return _answer(request, 503, "failed", detail=redact_text(str(health.failure))[:500])


@OPERATIONS.get("/health/ready", summary="Can the service do its work, or some of it?")
async def ready(request: Request) -> JSONResponse:
    """Answers 200 (`ready`; `degraded`: part of the work goes) or 503, with each check and what it said."""
    health: Health = request.app.state.health
    results = await health.ready(request.app.state.settings.health_check_seconds)
    status = overall(results.values()) if health.failure is None else "not_ready"
    checks = {name: {"ok": result.ok, "detail": result.detail} for name, result in results.items()}
    return _answer(request, 503 if status == "not_ready" else 200, status, checks=checks)


@OPERATIONS.get("/metrics", summary="Metrics in OpenMetrics or Prometheus' text", response_class=Response)
async def exposition(request: Request) -> Response:
    """Answers with all metrics of this process; in OpenMetrics, if that is accepted, with exemplars."""
    body, content_type = metrics.exposition(request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": content_type})


def _answer(request: Request, status_code: int, status: str, **more: Any) -> JSONResponse:
    return JSONResponse({"status": status, "service": request.app.title, **more}, status_code)
