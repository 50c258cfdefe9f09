"""Tells one channel of changes: durably, in each alert's order, until it was taken. Run by `evaluation`.

Guarantee: what is owed stands in the database since the change was made, so a change is told although the
process is killed in between; the same change may be told twice, with the same number. While an alert is
silenced nothing is told of it; when it was resolved before anyone was told, nobody is. A channel that is away
holds up neither evaluation nor other channels.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from agentbus.contracts.alerts import AlertChange
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import Transient
from agentbus.observability.log import get_logger
from agentbus.postgres.database import Connection, Database, Row
from agentbus.telemetry.alerts.instruments import ALERT_DELIVERIES
from agentbus.telemetry.alerts.ports import Channel

_IDLE_SECONDS: Final = 0.5
_SEND_SECONDS: Final = 15.0
"""Above the time-outs of the channels' own."""

_RETRY: Final = Backoff(first_seconds=1.0, limit_seconds=300.0)
_REASON_CHARACTERS: Final = 300
_log = get_logger(__name__)


class Courier:
    """Takes what is owed to one channel to it, one change at a time."""

    def __init__(self, database: Database, channel: Channel, clock: Clock, *, give_up_hours: float) -> None:
        self.name = channel.name
        self._database = database
        self._channel = channel
        self._clock = clock
        self._give_up = timedelta(hours=give_up_hours)

    async def run(self) -> None:
        """Delivers until cancelled; raises Transient without the database."""
        while True:
            if not await self.deliver_next():
                await asyncio.sleep(_IDLE_SECONDS)

    async def deliver_next(self) -> bool:
        """Tells the channel of the next change that is due; returns whether there was one."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await _settle_silenced(connection, self.name)
            row = await _due(connection, self.name, now)
        if row is None:
            return False
        reason = await self._send(bytes(row["body"]))
        async with self._database.transaction() as connection:
            if reason is None:
                await _delivered(connection, row, self._clock.now())
            else:
                await self._failed(connection, row, reason)
        return True

    async def _send(self, body: bytes) -> str | None:
        """Returns None, or why the channel did not take it."""
        try:
            async with asyncio.timeout(_SEND_SECONDS):
                await self._channel.send(AlertChange.model_validate_json(body), body)
        except Transient as error:
            return error.message[:_REASON_CHARACTERS]
        except TimeoutError:
            return f"no answer within {_SEND_SECONDS:g} s"
        except Exception as error:  # noqa: BLE001  told as the reason; its words could hold an address
            return f"the channel failed: {type(error).__name__}"
        return None

    async def _failed(self, connection: Connection, row: Row, reason: str) -> None:
        now = self._clock.now()
        given_up = now - row["at"] >= self._give_up
        ALERT_DELIVERIES.labels(self.name, "given_up" if given_up else "failed").inc()
        _log.warning(
            "a channel was not told",
            channel=self.name,
            number=row["number"],
            tries=row["tries"] + 1,
            reason=reason,
        )
        await connection.execute(
            "update telemetry.alert_deliveries set tries = tries + 1, last_error = $3, next_try_at = $4, "
            "state = $5 where number = $1 and channel = $2",
            *(row["number"], self.name, reason, now + timedelta(seconds=_RETRY.delay(row["tries"] + 1))),
            "given_up" if given_up else "pending",
        )


async def _due(connection: Connection, channel: str, now: datetime) -> Row | None:
    """Returns the oldest change that is due, after all earlier ones of its alert."""
    return await connection.fetchrow(
        """
        select owed.number, owed.channel, owed.tries, event.body, event.at
        from telemetry.alert_deliveries owed
        join telemetry.alert_events event using (number)
        join telemetry.alerts alert on alert.alert_id = owed.alert_id
        where owed.channel = $1 and owed.state = 'pending' and owed.next_try_at <= $2
            and (alert.silenced_until is null or alert.silenced_until <= $2)
            and not exists (
                select 1 from telemetry.alert_deliveries earlier
                where earlier.alert_id = owed.alert_id and earlier.channel = owed.channel
                    and earlier.state = 'pending' and earlier.number < owed.number
            )
        order by owed.next_try_at, owed.number limit 1
        """,
        channel,
        now,
    )


async def _delivered(connection: Connection, row: Row, now: datetime) -> None:
    ALERT_DELIVERIES.labels(row["channel"], "delivered").inc()
    await connection.execute(
        "update telemetry.alert_deliveries set state = 'delivered', tries = tries + 1, delivered_at = $3, "
        "last_error = null where number = $1 and channel = $2",
        *(row["number"], row["channel"], now),
    )


async def _settle_silenced(connection: Connection, channel: str) -> None:
    """Of an alert that was silenced until its end, nothing is told any more."""
    await connection.execute(
        """
        update telemetry.alert_deliveries owed set state = 'silenced'
        from telemetry.alerts alert
        where alert.alert_id = owed.alert_id and owed.channel = $1 and owed.state = 'pending'
            and alert.state = 'resolved' and alert.silenced_until is not null
            and alert.silenced_until > alert.changed_at
            and not exists (
                select 1 from telemetry.alert_deliveries told
                where told.alert_id = owed.alert_id and told.channel = owed.channel
                    and told.state = 'delivered'
            )
        """,
        channel,
    )
