"""A plan's log in memory that can stop taking messages at any point, as a killed runner's does."""

import asyncio
from collections.abc import Mapping
from typing import Any


class MemoryLog:
    """Takes messages until `limit` are in it; the next `append` never returns, as if the process had died."""

    def __init__(self, messages: list[dict[str, Any]], limit: int | None = None) -> None:
        self.messages = messages
        self.full = asyncio.Event()
        self._limit = limit

    async def append(self, topic: str, key: str, value: Mapping[str, Any], *, schema: str) -> None:
        if self._limit is not None and len(self.messages) >= self._limit:
            self.full.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        self.messages.append(dict(value))

    async def drained(self) -> None:
        return


class NoLiveText:
    """Keeps the chunks that watchers would see."""

    def __init__(self) -> None:
        self.chunks: list[Mapping[str, Any]] = []

    def show(self, chunk: Mapping[str, Any]) -> None:
        self.chunks.append(chunk)
