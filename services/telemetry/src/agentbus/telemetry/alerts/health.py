"""Is the system healthy, and what is to be done: services, stores, volumes, figures (H3). For `routes`."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

import orjson

from agentbus.contracts.http.alerts import (
    Figure,
    Recommendation,
    ServiceHealth,
    StoreHealth,
    SystemHealth,
    VolumeHealth,
)
from agentbus.contracts.timestamps import format_timestamp
from agentbus.postgres.database import Database
from agentbus.telemetry.alerts.measures import RATE_SECONDS, pool, request_failures
from agentbus.telemetry.alerts.parts import AlertParts
from agentbus.telemetry.alerts.samples import growth, quantile, value
from agentbus.telemetry.alerts.scraping import Process

Store = Literal["kafka", "postgres", "message database"]
_CHECKS: Final[dict[Store, tuple[tuple[str, str], ...]]] = {
    "kafka": (("runner", "kafka"), ("telemetry", "kafka"), ("gateway", "kafka"), ("persister", "kafka")),
    "postgres": (("workspace", "database"), ("telemetry", "database")),
    "message database": (("persister", "database"), ("plans", "database"), ("gateway", "database")),
}
"""Whose readiness checks tell of a store: service and check."""

_MOST: Final = 50


async def system_health(parts: AlertParts) -> SystemHealth:
    """Returns the system as it was last seen. Raises Transient before the services were asked once."""
    processes = parts.scraper.processes
    return SystemHealth(
        at=format_timestamp(parts.clock.now()),
        services=[_service(each) for each in sorted(processes, key=lambda each: each.address)],
        stores=[_store(name, processes) for name in _CHECKS],
        volumes=[volume for each in processes for volume in _volumes(each)],
        figures=_figures(processes),
        recommendations=await _recommendations(parts.database),
    )


def _service(process: Process) -> ServiceHealth:
    newest = process.newest
    started = value(newest.samples, "process_start_time_seconds")
    requests = growth(process.snapshots, "agentbus_http_requests_total", RATE_SECONDS)
    failed, total = request_failures(requests.growth)
    delays = growth(process.snapshots, "agentbus_process_event_loop_delay_seconds_bucket", RATE_SECONDS)
    return ServiceHealth.model_validate(
        {
            "service": process.service,
            "instance": process.instance,
            "status": newest.status,
            "detail": newest.detail,
            "asked_at": format_timestamp(newest.at),
            "up_since": started and format_timestamp(datetime.fromtimestamp(started, UTC)),
            "lag_records": value(newest.samples, "agentbus_bus_lag_records"),
            "error_rate": failed / total if total else None,
            "memory_bytes": value(newest.samples, "agentbus_process_memory_bytes"),
            "event_loop_delay_seconds": quantile(delays, 0.99),
        }
    )


def _store(name: Store, processes: Sequence[Process]) -> StoreHealth:
    told = [
        (process, process.newest.checks[check])
        for service, check in _CHECKS[name]
        for process in processes
        if process.service == service and check in process.newest.checks
    ]
    wrong = [f"{process.instance}: {check.get('detail')}" for process, check in told if not check.get("ok")]
    pools = [measured.value for each in processes for measured in pool(each).found]
    return StoreHealth(
        name=name,
        ok=not wrong if told else None,
        detail="; ".join(wrong)[:500],
        pool_used_ratio=max(pools, default=None) if name == "postgres" else None,
    )


def _volumes(process: Process) -> Iterable[VolumeHealth]:
    samples = process.newest.samples or {}
    sizes = {labels.get("volume", ""): each for labels, each in samples.get("agentbus_disk_size_bytes", ())}
    for labels, free in samples.get("agentbus_disk_free_bytes", ()):
        volume = labels.get("volume", "")
        if volume in sizes:
            yield VolumeHealth(
                instance=process.instance, volume=volume, free_bytes=free, size_bytes=sizes[volume]
            )


def _figures(processes: Sequence[Process]) -> list[Figure]:
    def total(name: str) -> float | None:
        found = [each for process in processes if (each := value(process.newest.samples, name)) is not None]
        return sum(found) if found else None

    def grown(name: str) -> float:
        return sum(sum(growth(each.snapshots, name, RATE_SECONDS).growth.values()) for each in processes)

    ended = grown("agentbus_telemetry_action_executions_total")
    failed = grown("agentbus_telemetry_action_failures_total")
    return [
        Figure(name="plans running", value=total("agentbus_runner_plans_running"), unit="plans"),
        Figure(name="sockets open", value=total("agentbus_gateway_sockets"), unit="sockets"),
        Figure(name="actions ended in five minutes", value=ended, unit="actions"),
        Figure(name="success rate of actions", value=1 - failed / ended if ended else None, unit="ratio"),
        Figure(name="records behind", value=total("agentbus_bus_lag_records"), unit="records"),
    ]


async def _recommendations(database: Database) -> list[Recommendation]:
    async with database.transaction(snapshot=True) as connection:
        rows = await connection.fetch(
            "select body from telemetry.alerts where workspace_id is null "
            "and state in ('firing', 'acknowledged') order by severity, number desc limit $1",
            _MOST,
        )
    names = Recommendation.model_fields
    bodies = [orjson.loads(row["body"]) for row in rows]
    return [Recommendation(**{name: body[name] for name in names}) for body in bodies]
