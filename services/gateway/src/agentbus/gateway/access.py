"""Who is on a socket, and whether they still may be. Called by the server and by the frame `authenticate`.

Guarantee: a socket whose token expires, is revoked, or whose user leaves the workspace is closed at that
moment, and sees nothing more; a role that changes holds from the next frame.
"""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus

from agentbus.chassis.access.book import OnChange
from agentbus.chassis.auth import Access, Principal, Role, Scope, authenticate, credential_in
from agentbus.chassis.rates import Rates
from agentbus.contracts.frames import CloseCode
from agentbus.gateway.errors import SocketClosed, closing
from agentbus.gateway.origin import check_origin
from agentbus.gateway.settings import GatewaySettings
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import AgentbusError, Rejected

_LOOK_AGAIN_SECONDS = 30.0
"""The longest wait for an expiry: after that the clock on the wall is read again, because it may be set."""

End = Callable[[CloseCode, str], None]


class Entrance:
    """The way in of all sockets."""

    def __init__(self, settings: GatewaySettings, access: Access, clock: Clock) -> None:
        self.clock = clock
        self._settings = settings
        self._access = access
        self._rates = Rates(settings)

    def on_change(self, listener: OnChange) -> Callable[[], None]:
        """As `AccessBook.on_change`."""
        return self._access.book.on_change(listener)

    async def admit(
        self, headers: Mapping[str, str], query: Mapping[str, str], address: str | None, scope: Scope
    ) -> Principal:
        """Returns who wants to watch what needs `scope`; `headers` has lower-case names.

        Failures count by `address`, if any.

        Raises Rejected (401, 403), Invalid (422), Transient (503, `access_unknown`; 429 after many failures).
        """
        check_origin(headers, self._settings)
        if address is not None:
            self._rates.check_failures(address)
        credential = credential_in(headers, query)
        if credential is not None:
            await self._access.learn(credential)
        try:
            return _watching(authenticate(headers, query, self._settings, access=self._access), scope)
        except Rejected as error:
            if address is not None and error.status == HTTPStatus.UNAUTHORIZED:
                self._rates.fail(address)
            raise

    async def renewed(self, token: str, earlier: Principal, scope: Scope) -> Principal:
        """Returns the same user, let in by another token. Raises as `admit`, and SocketClosed for another."""
        if self._settings.auth == "none":
            return earlier
        await self._access.learn(token)
        who = self._access.identify(token, earlier.workspace_id)
        if (who.user_id, who.workspace_id) != (earlier.user_id, earlier.workspace_id):
            raise SocketClosed(CloseCode.NOT_ALLOWED, "the token is another user's or another workspace's")
        return _watching(who, scope)

    def current(self, who: Principal, scope: Scope) -> Principal:
        """Returns `who` as of now; raises Rejected when they are not let in any more."""
        return _watching(self._access.book.current(who), scope)


class Badge:
    """What one socket is let in by. `end` is called, once, when it no longer holds."""

    def __init__(self, entrance: Entrance, principal: Principal, scope: Scope, end: End) -> None:
        self.principal = principal
        self._entrance = entrance
        self._scope = scope
        self._end = end
        self._timer: asyncio.TimerHandle | None = None
        self._wait()

    async def renew(self, token: str) -> None:
        """Goes on with another token; raises SocketClosed when it does not let the same user in."""
        try:
            self.principal = await self._entrance.renewed(token, self.principal, self._scope)
        except AgentbusError as error:
            raise closing(error) from None
        self._wait()

    def check(self) -> None:
        """Looks again whether the principal holds, and as what."""
        self.drop()
        try:
            self.principal = self._entrance.current(self.principal, self._scope)
        except AgentbusError as error:
            told = closing(error)
            self._end(told.code, told.reason)
        else:
            self._wait()

    def drop(self) -> None:
        """The socket is closed: nothing is to be waited for."""
        if self._timer is not None:
            self._timer.cancel()

    def _wait(self) -> None:
        self.drop()
        if self.principal.expires_at is not None:
            left_seconds = self.principal.expires_at - self._entrance.clock.now().timestamp()
            delay = max(0.0, min(left_seconds, _LOOK_AGAIN_SECONDS))
            self._timer = asyncio.get_running_loop().call_later(delay, self.check)


def _watching(who: Principal, scope: Scope) -> Principal:
    who.require(Role.VIEWER, scope)
    return who
