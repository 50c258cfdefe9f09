"""Commits of several partitions in one request. Part of `delivery`.

aiokafka sends one commit at a time, and the broker takes some milliseconds for each: what comes while one is
under way is gathered and goes out with the next.
"""

import asyncio

from aiokafka import AIOKafkaConsumer  # type: ignore[import-untyped]
from aiokafka.structs import TopicPartition as KafkaPartition  # type: ignore[import-untyped]


class Commits:
    """The commits of one assignment."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._one_at_a_time = asyncio.Lock()
        self._gathered: dict[KafkaPartition, int] = {}
        self._next: asyncio.Task[None] | None = None

    async def commit(self, partition: KafkaPartition, offset: int) -> None:
        """Returns when `offset` is committed; raises aiokafka's error, the same for all in the request."""
        self._gathered[partition] = offset
        if self._next is None:
            self._next = asyncio.create_task(self._send())
        await asyncio.shield(self._next)

    def close(self) -> None:
        """Drops what is gathered: by the time it is sent, the partitions may be another member's."""
        self._gathered.clear()

    async def _send(self) -> None:
        async with self._one_at_a_time:
            offsets, self._gathered, self._next = self._gathered, {}, None
            if offsets:
                await self._consumer.commit(offsets)
