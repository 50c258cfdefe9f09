"""Putting dead letters back: the record as it was, and a mark beside the dead letter that says so.

Both are records, so whoever looks, wherever, sees what was put back, and nothing else has to be kept. The
mark is written after the record: killed between the two, a replay is done again, and consumers deduplicate.
Called by `agentbus dlq`; the header `replay-of` is counted by `worker`.
"""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from agentbus.bus.dead_letter import DeadLetter
from agentbus.bus.record import Outgoing, Record
from agentbus.contracts.timestamps import format_timestamp

REPLAY_OF: Final = "replay-of"
"""On a record that was put back: the dead letter that it was, TOPIC:PARTITION:OFFSET."""

_MARK: Final = "replayed"
_MARK_TIME: Final = "replayed-at"


class Mark(NamedTuple):
    """A dead letter of this `partition` and `offset` was put back at `time`."""

    partition: int
    offset: int
    time: str


def place_of(record: Record) -> str:
    """Returns the record's name for people: TOPIC:PARTITION:OFFSET."""
    return f"{record.topic}:{record.partition}:{record.offset}"


def put_back(record: Record, letter: DeadLetter) -> Outgoing:
    """Returns what to send to where the dead letter in `record` came from: key, value, headers as they were.

    Only `replay-of` is added, so that the record tells where it comes from, also when it fails again.
    """
    original = letter.original
    headers = [header for header in original.headers if header[0] != REPLAY_OF]
    return Outgoing(
        original.topic, original.key, original.value, [*headers, (REPLAY_OF, place_of(record).encode())]
    )


def mark(record: Record, now: datetime | None = None) -> Outgoing:
    """Returns the record for the dead-letter topic that says that the one in `record` was put back."""
    time = format_timestamp(now or datetime.now(UTC))
    about = f"{record.partition}:{record.offset}"
    return Outgoing(record.topic, record.key, b"", [(_MARK, about.encode()), (_MARK_TIME, time.encode())])


def mark_in(record: Record) -> Mark | None:
    """Returns the mark that `record` of a dead-letter topic is, or None: it is a dead letter, or neither."""
    about, time = record.header(_MARK), record.header(_MARK_TIME)
    partition, _, offset = (about or "").partition(":")
    if time is None or not (partition.isdecimal() and offset.isdecimal()):
        return None
    return Mark(int(partition), int(offset), time)


def was_put_back(record: Record) -> bool:
    """Tells whether a replay sent this record. Called for every record, so it is quick."""
    return any(name == REPLAY_OF for name, _ in record.headers)
