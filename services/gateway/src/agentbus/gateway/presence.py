"""Who has a workspace open. Told to all of it, at most so often. No waiting. Called by the workspace's room.

Guarantee: when nobody comes or goes any more, all were told who is there, `interval_seconds` later at most; a
user counts from their first socket to their last.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

from agentbus.contracts.workspace_frames import PRESENT_USERS_MAX, Presence
from agentbus.gateway.wire import frame


class Present:
    """The users of one workspace; `changed` is called with the frame that says who is there."""

    def __init__(self, workspace_id: str, changed: Callable[[bytes], None], interval_seconds: float) -> None:
        self._workspace_id = workspace_id
        self._changed = changed
        self._interval_seconds = interval_seconds
        self._sockets: Counter[str] = Counter()
        self._telling: asyncio.TimerHandle | None = None

    def enter(self, user_id: str) -> None:
        """Counts a socket of this user."""
        self._sockets[user_id] += 1
        if self._sockets[user_id] == 1:
            self._tell_soon()

    def leave(self, user_id: str) -> None:
        """Counts one out."""
        self._sockets[user_id] -= 1
        if self._sockets[user_id] <= 0:
            del self._sockets[user_id]
            self._tell_soon()

    def frame(self) -> bytes:
        """Returns the frame that says who is there."""
        users = list(self._sockets)
        told = Presence(workspace_id=self._workspace_id, user_ids=users[:PRESENT_USERS_MAX], count=len(users))
        return frame("presence", told.model_dump())

    def close(self) -> None:
        """Nobody is to be told any more."""
        if self._telling is not None:
            self._telling.cancel()

    def _tell_soon(self) -> None:
        if self._telling is None:
            loop = asyncio.get_running_loop()
            self._telling = loop.call_later(self._interval_seconds, self._tell)

    def _tell(self) -> None:
        self._telling = None
        self._changed(self.frame())
