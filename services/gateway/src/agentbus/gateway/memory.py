"""How much of all watched plans this process keeps in memory. No waiting.

Guarantee: the newest messages of all plans together have at most `recent_bytes`: the plan that was quiet for
longest forgets first, and who joins it then reads history from the database. What waits while plans open has
at most `early_bytes`. Called by the room and the catch-up.
"""

from typing import Protocol

from agentbus.gateway import instruments


class Forgetful(Protocol):
    """What can give its memory back."""

    def forget(self) -> None:
        """Gives back all of it."""
        ...


class Memory:
    """The account of what is kept."""

    def __init__(self, recent_bytes: int, early_bytes: int) -> None:
        self.size_bytes = 0
        self.lent_bytes = 0
        self._recent_bytes = recent_bytes
        self._early_bytes = early_bytes
        self._keepers: dict[Forgetful, int] = {}

    def keep(self, keeper: Forgetful, size_bytes: int) -> None:
        """Counts what `keeper` has now; above the limit, others forget first, and it last."""
        self._count(keeper, size_bytes)
        while self.size_bytes > self._recent_bytes:
            next(iter(self._keepers)).forget()

    def drop(self, keeper: Forgetful) -> None:
        """Counts what `keeper` had as given back."""
        self._count(keeper, 0)

    def lend(self, size_bytes: int) -> bool:
        """Counts what waits; returns whether there is room for it. Each is given `back`."""
        self.lent_bytes += size_bytes
        return self.lent_bytes <= self._early_bytes

    def back(self, size_bytes: int) -> None:
        """Counts what waited as gone."""
        self.lent_bytes -= size_bytes

    def _count(self, keeper: Forgetful, size_bytes: int) -> None:
        self.size_bytes += size_bytes - self._keepers.pop(keeper, 0)
        if size_bytes:
            self._keepers[keeper] = size_bytes  # at the end: it is the last to forget
        instruments.REMEMBERED.set(self.size_bytes)
