"""How many sockets there are, of whom and from where, and whether there may be one more. No waiting.

Guarantee: a user, an address and the process have at most as many sockets as the settings say; one too many
is told so by a close code. Called by the server.
"""

from collections import Counter
from dataclasses import dataclass
from typing import TypeVar

from agentbus.chassis.auth import Principal
from agentbus.contracts.frames import CloseCode
from agentbus.gateway import instruments
from agentbus.gateway.errors import SocketClosed
from agentbus.gateway.settings import GatewaySettings

K = TypeVar("K")


@dataclass
class Place:
    """What one socket is counted as."""

    address: str
    bounded: bool
    user: tuple[str, str] | None = None


class Crowd:
    """The sockets that are open, counted."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._addresses: Counter[str] = Counter()
        self._users: Counter[tuple[str, str]] = Counter()

    def __len__(self) -> int:
        return self._addresses.total()

    def enter(self, address: str, *, bounded: bool) -> Place:
        """Counts a socket from `address`; each has to `leave`. Not `bounded`: a proxy that names nobody."""
        self._addresses[address] += 1
        instruments.SOCKETS.set(len(self))
        return Place(address, bounded)

    def check(self, place: Place) -> None:
        """Raises SocketClosed when this socket is one too many: 1013 of all, 4429 of one address."""
        if len(self) > self._settings.gateway_sockets_limit:
            instruments.REFUSED.labels("sockets").inc()
            raise SocketClosed(CloseCode.UNAVAILABLE, "too many sockets here; try again later")
        if place.bounded and self._addresses[place.address] > self._settings.gateway_sockets_per_address:
            instruments.REFUSED.labels("address").inc()
            raise SocketClosed(CloseCode.TOO_MANY, "too many sockets from this address; close others")

    def known(self, place: Place, who: Principal) -> None:
        """Counts the socket as its user's; raises SocketClosed (4429) when it is one too many of theirs."""
        place.user = (who.workspace_id, who.user_id)
        self._users[place.user] += 1
        if self._users[place.user] > self._settings.gateway_sockets_per_user:
            instruments.REFUSED.labels("user").inc()
            raise SocketClosed(CloseCode.TOO_MANY, "too many sockets of this user; close others")

    def leave(self, place: Place) -> None:
        """Counts the socket out."""
        _discount(self._addresses, place.address)
        if place.user is not None:
            _discount(self._users, place.user)
        instruments.SOCKETS.set(len(self))


def _discount(counter: Counter[K], key: K) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
