"""What is over is settled; what is old enough is removed: fine figures, and details of plans that ended.

Days stay for good, and so do groups of errors. One instance at a time does it (an advisory lock), in small
transactions, so that it holds nobody up. Runs in `app.py`.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import Transient
from agentbus.observability.log import get_logger
from agentbus.postgres.database import Database
from agentbus.postgres.schema import Schema
from agentbus.telemetry.aggregation.settling import settle
from agentbus.telemetry.settings import TelemetrySettings

_PAUSE_SECONDS: Final = 600.0
_ROWS: Final = 5_000
_PLANS: Final = 100
_LOCK: Final = "select pg_try_advisory_xact_lock(hashtext('telemetry retention'))"
_log = get_logger(__name__)

_OLD_ROWS: Final = """
delete from telemetry.{table} where ctid = any(array(
    select ctid from telemetry.{table} where {condition} limit $2
))
"""
_OLD_PLANS: Final = """
with old as (
    delete from telemetry.plans where plan_id in (
        select plan_id from telemetry.plans
        where last_at < $1 and (ended_at is not null or created_at is null) limit $2
    ) returning plan_id
), acted as (
    delete from telemetry.actions where plan_id in (select plan_id from old)
)
select count(*) from old
"""


async def keep(database: Database, schema: Schema, settings: TelemetrySettings, clock: Clock) -> None:
    """Settles what is over and removes what is too old, every ten minutes, until cancelled."""
    await schema.made()
    while True:
        try:
            await settle(database, clock.now())
            await sweep(database, settings, clock.now())
        except Transient as error:
            _log.warning("figures stay as they are for now", reason=error.message)
        await asyncio.sleep(_PAUSE_SECONDS)


async def sweep(database: Database, settings: TelemetrySettings, now: datetime) -> None:
    """Removes what is too old at `now`. Raises Transient when the database is away."""
    minutes = now - timedelta(days=settings.telemetry_minute_days)
    hours = now - timedelta(days=settings.telemetry_hour_days)
    details = now - timedelta(days=settings.telemetry_detail_days)
    for table in ("rollups", "workspace_changes"):
        await _remove_rows(database, table, "grain = 'minute' and starts_at < $1", minutes)
        await _remove_rows(database, table, "grain = 'hour' and starts_at < $1", hours)
    await _remove_rows(database, "error_events", "at < $1", details)
    await _remove_plans(database, details)


async def _remove_rows(database: Database, table: str, condition: str, before: datetime) -> None:
    statement = _OLD_ROWS.format(table=table, condition=condition)
    removed = _ROWS
    while removed == _ROWS:
        async with database.transaction() as connection:
            if not await connection.fetchval(_LOCK):
                return
            removed = int((await connection.execute(statement, before, _ROWS)).split()[-1])


async def _remove_plans(database: Database, before: datetime) -> None:
    removed = _PLANS
    while removed == _PLANS:
        async with database.transaction() as connection:
            if not await connection.fetchval(_LOCK):
                return
            removed = await connection.fetchval(_OLD_PLANS, before, _PLANS)
