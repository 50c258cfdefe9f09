"""Who has a workspace open. Told to all of it, at most so often. No waiting. Called by the workspace's room.

Guarantee: when nobody comes or goes any more, all were told who is there, `interval_seconds` later at most; a
user counts from their first socket to their last. Users at other gateways are among them (`neighbours.py`).
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from typing import NamedTuple

from agentbus.contracts.workspace_frames import PRESENT_USERS_MAX, Presence
from agentbus.gateway.neighbours import Neighbours
from agentbus.gateway.wire import frame


class _Elsewhere(NamedTuple):
    """The users at another gateway, and when that was heard last."""

    users: Sequence[str]
    heard_at: float


class Present:
    """The users of one workspace; `changed` is called with the frame that says who is there."""

    def __init__(
        self,
        workspace_id: str,
        changed: Callable[[bytes], None],
        interval_seconds: float,
        neighbours: Neighbours,
    ) -> None:
        self.workspace_id = workspace_id
        self._changed = changed
        self._interval_seconds = interval_seconds
        self._neighbours = neighbours
        self._sockets: Counter[str] = Counter()
        self._elsewhere: dict[str, _Elsewhere] = {}
        self._unsaid = False
        self._telling: asyncio.TimerHandle | None = None
        neighbours.opened(self)

    @property
    def users(self) -> list[str]:
        """Who has a socket at this gateway, in order of arrival."""
        return list(self._sockets)

    def enter(self, user_id: str) -> None:
        """Counts a socket of this user."""
        self._sockets[user_id] += 1
        if self._sockets[user_id] == 1:
            self._unsaid = True
            self._tell_soon()

    def leave(self, user_id: str) -> None:
        """Counts one out."""
        self._sockets[user_id] -= 1
        if self._sockets[user_id] <= 0:
            del self._sockets[user_id]
            self._unsaid = True
            self._tell_soon()

    def hear(self, gateway: str, users: Sequence[str], at: float) -> bool:
        """Takes in who is at another gateway; returns whether that one was not known before."""
        known = self._elsewhere.get(gateway)
        if users:
            self._elsewhere[gateway] = _Elsewhere(users, at)
        else:
            self._elsewhere.pop(gateway, None)
        if users != (known.users if known is not None else []):
            self._tell_soon()
        return known is None

    def forget_silent(self, since: float) -> None:
        """Forgets the gateways that were heard last before `since`."""
        for gateway in [name for name, each in self._elsewhere.items() if each.heard_at < since]:
            del self._elsewhere[gateway]
            self._tell_soon()

    def frame(self) -> bytes:
        """Returns the frame that says who is there."""
        elsewhere = chain.from_iterable(each.users for each in self._elsewhere.values())
        users = list(dict.fromkeys(chain(self._sockets, elsewhere)))
        told = Presence(workspace_id=self.workspace_id, user_ids=users[:PRESENT_USERS_MAX], count=len(users))
        return frame("presence", told.model_dump())

    def close(self) -> None:
        """Nobody is to be told any more."""
        self._neighbours.closed(self)
        if self._telling is not None:
            self._telling.cancel()

    def _tell_soon(self) -> None:
        if self._telling is None:
            loop = asyncio.get_running_loop()
            self._telling = loop.call_later(self._interval_seconds, self._tell)

    def _tell(self) -> None:
        self._telling = None
        if self._unsaid:
            self._unsaid = False
            self._neighbours.changed(self)
        self._changed(self.frame())
