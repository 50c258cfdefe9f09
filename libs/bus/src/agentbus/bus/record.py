"""What the bus carries. `Record` is what was read, `Outgoing` what is to be sent, `Sent` where it landed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

Headers = Sequence[tuple[str, bytes]]


class TopicPartition(NamedTuple):
    """One partition of a topic, by its un-prefixed name."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands in the log. `value` is what was written, byte for byte; a tombstone's is empty.

    A key that is not UTF-8 keeps its bytes as surrogate escapes; no key is the empty string.
    `appended_at` is the broker's time on topics with LogAppendTime, else the producer's; UTC.
    """

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    appended_at: datetime

    def header(self, name: str) -> str | None:
        """Returns the last header of this name as text, or None."""
        for header, value in reversed(self.headers):
            if header == name:
                return value.decode("utf-8", "replace")
        return None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A record to be sent. `value` None writes a tombstone, by which a compacted topic forgets the key."""

    topic: str
    key: str
    value: bytes | None
    headers: Headers = ()


class Sent(NamedTuple):
    """Where the broker put a record, and when (its own time on topics with LogAppendTime, UTC)."""

    partition: int
    offset: int
    appended_at: datetime | None = None
