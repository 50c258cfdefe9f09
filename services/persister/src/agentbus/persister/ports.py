"""What the persister needs of a database. `agentbus.mongo` keeps these guarantees on MongoDB and FerretDB."""

from collections.abc import Sequence
from typing import Any, Protocol

from agentbus.mongo.messages import AppendResult


class MessageLog(Protocol):
    """Stored messages. Every call raises Transient when the database is away."""

    async def ensure_indexes(self) -> None:
        """Makes what the guarantees below need; safe to repeat."""
        ...

    async def append(self, documents: Sequence[dict[str, Any]]) -> AppendResult:
        """Stores each message at most once, however often and by whomever it is appended."""
        ...

    async def read(self, plan_id: str, after_seq: int = 0) -> list[dict[str, Any]]:
        """Returns the plan's messages after `after_seq`, by `seq`."""
        ...


class PlanBook(Protocol):
    """Stored plans. Every call raises Transient when the database is away."""

    async def ensure_indexes(self) -> None:
        """Makes what readers need; safe to repeat."""
        ...

    async def get(self, plan_id: str) -> dict[str, Any] | None:
        """Returns the plan as it was saved, or None."""
        ...

    async def save(self, plan: dict[str, Any]) -> None:
        """Saves the plan unless a newer state of it is there: it never goes back."""
        ...
