"""What a socket asked for, and what it came to, whatever it is of. Between the server and the sessions."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from agentbus.gateway.access import Badge
from agentbus.gateway.handlers import Visit
from agentbus.gateway.ports import Reader, Watcher


@dataclass(frozen=True)
class Wish:
    """What a client asked for when it connected: `key` is of a plan or a workspace, as `about` says.

    `after_seq` None: it did not say what it has.
    """

    key: str
    about: Mapping[str, str]
    after_seq: int | None
    badge: Badge


@dataclass(frozen=True)
class Watch:
    """A socket that was let in: its visit, how it is brought up to date, and how it leaves.

    `follow` returns when the socket is live; it raises SocketClosed when it does not read, Transient when
    what it missed cannot be had. `leave` is called once, also when `follow` was not.
    """

    visit: Visit
    follow: Callable[[Reader], Awaitable[None]]
    leave: Callable[[Watcher], None]


class AnySessions(Protocol):
    """What lets sockets of one kind in."""

    async def admit(self, wish: Wish) -> Watch:
        """Returns the watch; raises AgentbusError when this client may not, or when it cannot be told."""
        ...
