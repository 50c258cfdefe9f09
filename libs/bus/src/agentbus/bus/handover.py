"""Runs the assigned and revoked hooks beside the group's own protocol. Part of `delivery`.

aiokafka takes all partitions away at every rebalance, gives most of them back a moment later, and sends no
heartbeat while its assignment callback runs. So the hooks run in tasks of their own, workers wait for them,
and they hear of real changes only: a runner that stopped its plans each time would work for nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet

from agentbus.bus.record import TopicPartition
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.errors import Transient
from agentbus.observability.log import get_logger

_LOG = get_logger("agentbus.bus.delivery")

PartitionsHook = Callable[[Sequence[TopicPartition]], Awaitable[None]]


async def ignore(_partitions: Sequence[TopicPartition]) -> None:
    """A hook that does nothing."""


class Handover:
    """Tells the hooks what was gained and what was lost.

    A partition is lost when another assignment came without it, or none came within `patience_seconds` of
    the rebalance's begin. A take-over that is interrupted by another rebalance counts as lost, and begins
    again if the partition is still ours.
    """

    def __init__(
        self,
        on_assigned: PartitionsHook,
        on_revoked: PartitionsHook,
        *,
        backoff: Backoff,
        patience_seconds: float,
    ) -> None:
        self._on_assigned = on_assigned
        self._on_revoked = on_revoked
        self._backoff = backoff
        self._patience_seconds = patience_seconds
        self._held: frozenset[TopicPartition] = frozenset()
        self._taken: frozenset[TopicPartition] = frozenset()
        self._step: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._patience: asyncio.TimerHandle | None = None

    def assigned(self, partitions: AbstractSet[TopicPartition]) -> asyncio.Task[None]:
        """Takes the new assignment; the task ends when the hooks for what changed are through.

        It raises what the assigned hook raised, other than Transient, which is tried again.
        """
        if self._patience is not None:
            self._patience.cancel()
        if self._step is not None:
            self._step.cancel()
        self._step = asyncio.create_task(self._change(frozenset(partitions)))
        return self._step

    def suspended(self) -> None:
        """A rebalance began. A take-over that runs goes on until the next assignment is known."""
        if self._patience is not None:
            self._patience.cancel()
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(self._patience_seconds, self.assigned, frozenset())

    async def close(self) -> None:
        """The group is left: everything is lost."""
        await self.assigned(frozenset())

    async def _change(self, partitions: frozenset[TopicPartition]) -> None:
        async with self._turn:
            lost = self._held - (partitions & self._taken)
            if lost:
                await _to_the_end(self._revoke(lost))
            gained = partitions - self._held
            self._held |= gained
            await self._take_over(gained)
            self._taken |= gained

    async def _revoke(self, lost: frozenset[TopicPartition]) -> None:
        try:
            await self._on_revoked(sorted(lost))
        except Exception:  # noqa: BLE001  the partitions are lost all the same
            _LOG.exception("revoked_hook_failed", partitions=sorted(lost))
        self._held -= lost
        self._taken -= lost

    async def _take_over(self, gained: frozenset[TopicPartition]) -> None:
        attempt = 0
        while gained:
            try:
                await self._on_assigned(sorted(gained))
                break
            except Transient as error:
                attempt += 1
                _LOG.warning("take_over_retried", partitions=sorted(gained), error=repr(error))
                await asyncio.sleep(self._backoff.delay(attempt))


async def _to_the_end(work: Awaitable[None]) -> None:
    """Awaits `work` to its end also when cancelled meanwhile; the cancellation comes afterwards."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
