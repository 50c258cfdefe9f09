"""Who is behind a credential, whatever its kind. Built in each service's `app.py`; used through `auth`."""

from agentbus.bus.address import BusAddress
from agentbus.chassis.access import api_keys, oidc
from agentbus.chassis.access.book import AccessBook
from agentbus.chassis.access.identity import Principal
from agentbus.chassis.access.key_set import KeySet
from agentbus.chassis.access.tokens import verify
from agentbus.chassis.settings import ServiceSettings


class Access:
    """The access book and the OIDC issuer's keys of one process.

    `book` tells what has changed (`on_change`) and whether a principal still holds (`current`).
    """

    def __init__(self, settings: ServiceSettings, address: BusAddress) -> None:
        self.book = AccessBook(address)
        self._settings = settings
        self._keys = KeySet(settings) if settings.oidc_issuer is not None else None

    async def start(self) -> None:
        """Begins to read the book; does not fail, and hardly waits, while Kafka is down."""
        await self.book.start()

    async def stop(self) -> None:
        """Ends what `start` began."""
        if self._keys is not None:
            await self._keys.close()
        await self.book.stop()

    async def learn(self, credential: str) -> None:
        """Fetches the issuer's keys when `credential` needs one that is not known; bounded in rate and time.

        To be awaited before `identify` where one can wait. Never raises.
        """
        key_id = oidc.key_id(credential) if self._keys is not None else None
        if self._keys is not None and key_id is not None:
            await self._keys.learn(key_id)

    def identify(self, credential: str, workspace_id: str | None = None) -> Principal:
        """Returns who holds `credential`, as of now. `workspace_id` chooses, for OIDC tokens only.

        Raises Rejected (401, 403), Invalid (422, `workspace_required`), Transient (503,
        `access_unknown` or `keys_unknown`).
        """
        self.book.require_known()
        if credential.startswith(api_keys.PREFIX):
            return self.book.current(api_keys.identify(credential, self.book.state.keys))
        if self._keys is not None and oidc.key_id(credential) is not None:
            who = oidc.identify(credential, workspace_id, self._keys, self.book.state, self._settings)
            return self.book.current(who)
        return self.book.current(verify(credential, self._settings))
