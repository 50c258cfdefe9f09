"""Evaluates all rules, each second, in one process at a time; what changes is kept in one transaction.

Guarantee: the process that evaluates holds an advisory lock of the session over which it writes, so one that
was cut off writes nothing more, and another takes over within seconds. States stand in the database: a
restart in between changes nothing. A watcher that cannot see, or takes too long, holds up no other: what it
told of stays as it is. Run by `app.py`.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from agentbus.kernel.backoff import Backoff
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import AgentbusError, Transient
from agentbus.observability.log import get_logger
from agentbus.postgres.database import Connection, Database
from agentbus.postgres.errors import translated
from agentbus.telemetry.alerts import store
from agentbus.telemetry.alerts.delivery import Courier
from agentbus.telemetry.alerts.instruments import EVALUATION_LEADER, EVALUATION_SECONDS
from agentbus.telemetry.alerts.model import Seen, evaluate
from agentbus.telemetry.alerts.ports import Watcher

EVERY_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 8.0
_LOCK: Final = "telemetry evaluation"
_CLEAN_SECONDS: Final = 3600.0
_RETRY: Final = Backoff(first_seconds=0.1, limit_seconds=5.0)
_log = get_logger(__name__)


class Evaluation:
    """The watchers, and the couriers that tell channels."""

    def __init__(
        self,
        database: Database,
        watchers: Sequence[Watcher],
        couriers: Sequence[Courier],
        clock: Clock,
        *,
        keep_days: int,
    ) -> None:
        self._database = database
        self._watchers = watchers
        self._couriers = couriers
        self._clock = clock
        self._keep = timedelta(days=keep_days)
        self._due = dict.fromkeys((watcher.name for watcher in watchers), 0.0)
        self._clean_at = 0.0
        self._failures = 0

    async def run(self) -> None:
        """Leads whenever nobody else does, until cancelled."""
        while True:
            try:
                await self._lead()
            except* AgentbusError as group:
                self._failures += 1
                if self._failures == 1:
                    _log.warning("evaluation waits", reason=str(group.exceptions[0]))
                await asyncio.sleep(_RETRY.delay(self._failures))
            finally:
                EVALUATION_LEADER.set(0)

    async def _lead(self) -> None:
        async with self._database.session() as connection:
            while not await self._leads(connection):  # noqa: ASYNC110  another process holds the lock
                await asyncio.sleep(EVERY_SECONDS)
            EVALUATION_LEADER.set(1)
            _log.info("evaluation leads")
            async with asyncio.TaskGroup() as group:
                for courier in self._couriers:
                    group.create_task(courier.run())
                group.create_task(self._every_second(connection))

    async def _leads(self, connection: Connection) -> bool:
        return bool(await connection.fetchval("select pg_try_advisory_lock(hashtext($1))", _LOCK))

    async def _every_second(self, connection: Connection) -> None:
        while True:
            begun = time.monotonic()
            with EVALUATION_SECONDS.time(), translated():
                await self.once(connection)
            self._failures = 0
            await asyncio.sleep(max(0.0, begun + EVERY_SECONDS - time.monotonic()))

    async def once(self, connection: Connection) -> None:
        """Looks, and keeps what has changed."""
        known = {each.alert.fingerprint for each in await store.read_open(connection, lock=False)}
        looks = await asyncio.gather(*(self._look(watcher, known) for watcher in self._watchers))
        findings = [finding for look in looks for finding in look.findings]
        unknown = frozenset[str]().union(*(look.unknown for look in looks))
        now = self._clock.now()
        async with connection.transaction():
            changes = evaluate(await store.read_open(connection, lock=True), findings, unknown, now)
            await store.write(connection, changes, [each.name for each in self._couriers], store.Act(now))
            if time.monotonic() >= self._clean_at:
                await store.forget_before(connection, now - self._keep)
                self._clean_at = time.monotonic() + _CLEAN_SECONDS

    async def _look(self, watcher: Watcher, known: set[str]) -> Seen:
        """Returns what a watcher sees; when it is not its turn, or it cannot see, its sources are unknown."""
        unseen = Seen((), frozenset({watcher.name}))
        if time.monotonic() < self._due[watcher.name]:
            return unseen
        self._due[watcher.name] = time.monotonic() + watcher.every_seconds
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                return await watcher.look(self._clock.now(), known)
        except (Transient, TimeoutError) as error:
            _log.warning("a watcher sees nothing", watcher=watcher.name, reason=repr(error))
        except Exception as error:  # noqa: BLE001  a fault of one watcher must not end all of telemetry
            _log.error("a watcher failed", watcher=watcher.name, exc_info=error)
        return unseen
