"""Dead letters as they lie on the bus, and which of them were put back. Streams, so there may be any number.

Used by `agentbus dlq` and `agentbus verify`.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from agentbus.bus.dead_letter import DeadLetter, parse
from agentbus.bus.reader import Reader
from agentbus.bus.record import Record
from agentbus.bus.replay import mark_in, place_of
from agentbus.contracts import topics
from agentbus.contracts.timestamps import format_timestamp
from agentbus.kernel.errors import Invalid

_NO_LETTER: Final = "there is no dead letter at {}; see `agentbus dlq list`"


@dataclass(frozen=True)
class Found:
    """A dead letter, the record that it lies in, and when it was last put back."""

    record: Record
    letter: DeadLetter
    replayed: str | None

    @property
    def place(self) -> str:
        """Its name for `show` and `replay`: TOPIC:PARTITION:OFFSET."""
        return place_of(self.record)

    def about(self) -> dict[str, Any]:
        """Returns what there is to know, but for the value."""
        letter = self.letter
        return {
            "place": self.place,
            "time": letter.time,
            "topic": letter.topic,
            "group": letter.group,
            "code": letter.code,
            "reason": letter.reason,
            "from": f"{letter.topic}:{letter.partition}:{letter.offset}",
            "key": self.record.key,
            "bytes": len(self.record.value),
            "replayed": self.replayed,
        }


@dataclass(frozen=True)
class Wanted:
    """Which dead letters; None is any. `key` is the record's: the plan's id on `agent.*`."""

    topic: str | None = None
    group: str | None = None
    code: str | None = None
    key: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    waiting: bool = False
    """Only those that were not put back."""

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return self != Wanted()

    def fits(self, found: Found) -> bool:
        """Tells whether this is one of them."""
        letter = found.letter
        return (
            self.code in (None, letter.code)
            and self.key in (None, found.record.key)
            and not (self.waiting and found.replayed)
            and (self.since is None or letter.time >= format_timestamp(self.since))
            and (self.until is None or letter.time < format_timestamp(self.until))
        )

    def homes(self) -> Iterator[str]:
        """Yields the dead-letter topics to look into; raises Invalid when there can be none."""
        declared = [(topic.name, group) for topic in topics.topics().values() for group in topic.dead_letter]
        chosen = [
            topics.dead_letter_topic(topic, group)
            for topic, group in declared
            if self.topic in (None, topic) and self.group in (None, group)
        ]
        if not chosen:
            known = ", ".join(f"{topic} of {group}" for topic, group in declared)
            raise Invalid(f"no such dead letters; there are those of {known}", code="unknown_topic")
        yield from chosen


async def letters(reader: Reader, wanted: Wanted) -> AsyncIterator[Found]:
    """Yields the dead letters, oldest first in each topic; raises Invalid for a topic that is not there."""
    for home in wanted.homes():
        replayed = await _marks(reader, home)
        for partition in await reader.partitions(home):
            begin = await reader.begin_offset(home, partition)
            async for record in reader.read(home, partition, begin):
                found = _found(record, replayed)
                if found is not None and wanted.fits(found):
                    yield found


async def letter_at(reader: Reader, place: str) -> Found:
    """Returns the dead letter at TOPIC:PARTITION:OFFSET; raises Invalid when there is none."""
    parts = place.split(":")
    if len(parts) != 3 or not (parts[1].isdecimal() and parts[2].isdecimal()):
        raise Invalid(f"{place!r} is not TOPIC:PARTITION:OFFSET; see `agentbus dlq list`")
    home, partition, offset = parts[0], int(parts[1]), int(parts[2])
    known = partition in await reader.partitions(home)
    if known and offset < await reader.end_offset(home, partition):
        replayed = await _marks(reader, home)
        async for record in reader.read(home, partition, offset, offset + 1):
            found = _found(record, replayed)
            if found is not None:
                return found
    raise Invalid(_NO_LETTER.format(place))


async def _marks(reader: Reader, home: str) -> dict[tuple[int, int], str]:
    marks: dict[tuple[int, int], str] = {}
    for partition in await reader.partitions(home):
        begin = await reader.begin_offset(home, partition)
        async for record in reader.read(home, partition, begin):
            mark = mark_in(record)
            if mark is not None:
                marks[mark.partition, mark.offset] = mark.time
    return marks


def _found(record: Record, replayed: dict[tuple[int, int], str]) -> Found | None:
    if mark_in(record) is not None:
        return None
    try:
        return Found(record, parse(record), replayed.get((record.partition, record.offset)))
    except Invalid:
        return None  # somebody wrote to the topic who should not; it cannot be put back anywhere
