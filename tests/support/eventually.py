"""Waiting for what must become true, without sleeping for luck."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any, TypeVar, overload

T = TypeVar("T")

_EVERY_SECONDS = 0.05


@overload
async def eventually(check: Callable[[], Awaitable[T]], *, within: float) -> T: ...
@overload
async def eventually(check: Callable[[], T], *, within: float) -> T: ...
async def eventually(check: Callable[[], Any], *, within: float) -> Any:
    """Calls `check`, plain or async, until it raises no AssertionError; returns what it returned.

    After `within` seconds its last AssertionError is raised. Any other error is raised at once.
    """
    deadline = time.monotonic() + within
    while True:
        try:
            answer = check()
            return await answer if isawaitable(answer) else answer
        except AssertionError:
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(_EVERY_SECONDS)
