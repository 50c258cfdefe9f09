"""What the workspace service's handlers work with. Built in `app.py`; unit tests bring their own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agentbus.chassis.access.book import AccessBook
from agentbus.kernel.clock import Clock
from agentbus.postgres.database import Database
from agentbus.workspace.streams import Streams
from agentbus.workspace.turns import Turns
from agentbus.workspace.vault import Vault


@dataclass(frozen=True)
class Parts:
    """What this process is made of."""

    database: Database
    turns: Turns
    clock: Clock
    vault: Vault
    streams: Streams
    book: AccessBook
    require_live: Callable[[], object]
    """Raises Transient until changes of others arrive here."""


@dataclass(frozen=True)
class Page:
    """Items of a list; `cursor` is where the rest begins, None when there is none; `seq`: as of when."""

    items: Sequence[Any]
    cursor: int | None
    seq: int
