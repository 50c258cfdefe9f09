"""Dead letters: the record as it was, key, value and headers, plus headers that say why and from where.

Written by `delivery`; read by the command line (`agentbus dlq`), which puts them back with `original`.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from agentbus.bus.batch import Poison
from agentbus.bus.record import Outgoing, Record
from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.topics import dead_letter_topic
from agentbus.kernel.errors import Fatal, Invalid

_PREFIX: Final = "dlq-"
_REASON_MAX_BYTES: Final = 16_384


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Why a record was put aside, where it came from, and the record to put back there."""

    code: str
    reason: str
    topic: str
    partition: int
    offset: int
    group: str
    time: str
    original: Outgoing


@dataclass(frozen=True)
class DeadLetterLimits:
    """How much poison a partition may give before it is halted, instead of drained into the dead letter.

    More than `consecutive` in a row, or more than `ratio` of the last `window_records` once that many
    were seen.
    """

    consecutive: int = 100
    ratio: float = 0.5
    window_records: int = 1000


def dead_letter(poison: Poison, group: str, now: datetime | None = None) -> Outgoing:
    """Returns the record to write to `<topic>.<group>.dlq`."""
    record = poison.record
    reason = poison.reason.encode("utf-8", "replace")[:_REASON_MAX_BYTES].decode("utf-8", "ignore")
    about = {
        "code": poison.code,
        "reason": reason,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "group": group,
        "time": format_timestamp(now or datetime.now(UTC)),
    }
    headers = [*_own(record), *((_PREFIX + name, str(value).encode()) for name, value in about.items())]
    return Outgoing(dead_letter_topic(record.topic, group), record.key, record.value, headers)


def parse(record: Record) -> DeadLetter:
    """Reads a record of a dead-letter topic; raises Invalid when it is none."""
    about = {
        name.removeprefix(_PREFIX): value.decode("utf-8", "replace")
        for name, value in record.headers
        if name.startswith(_PREFIX)
    }
    try:
        return DeadLetter(
            code=about["code"],
            reason=about["reason"],
            topic=about["topic"],
            partition=int(about["partition"]),
            offset=int(about["offset"]),
            group=about["group"],
            time=about["time"],
            original=Outgoing(about["topic"], record.key, record.value, _own(record)),
        )
    except (KeyError, ValueError) as error:
        raise Invalid(f"not a dead letter: {error!r}", code="not_a_dead_letter") from error


def _own(record: Record) -> list[tuple[str, bytes]]:
    # A record that was put back and failed again says only why it failed last.
    return [(name, value) for name, value in record.headers if not name.startswith(_PREFIX)]


class TooMuchPoison(Fatal):
    """A partition gave more poison than its limits allow: its records stay where they are."""

    code = "dead_letter_limit"


class PoisonCount:
    """Holds one partition's recent outcomes against the limits."""

    def __init__(self, limits: DeadLetterLimits) -> None:
        self._limits = limits
        self._window: deque[bool] = deque(maxlen=limits.window_records)
        self._poisoned = 0
        self._in_a_row = 0

    def add(self, outcomes: Sequence[bool]) -> None:
        """Counts records in order, True for poison; raises TooMuchPoison when that passes a limit."""
        if not self._poisoned and not any(outcomes):  # nearly always, so it should be quick
            self._window.extend(outcomes)
            self._in_a_row = 0
            return
        for poisoned in outcomes:
            if len(self._window) == self._limits.window_records:
                self._poisoned -= self._window[0]
            self._window.append(poisoned)
            self._poisoned += poisoned
            self._in_a_row = self._in_a_row + 1 if poisoned else 0
            self._check()

    def _check(self) -> None:
        if self._in_a_row > self._limits.consecutive:
            raise TooMuchPoison(f"{self._in_a_row} records in a row cannot be handled")
        full = len(self._window) == self._limits.window_records
        if full and self._poisoned > self._limits.ratio * self._limits.window_records:
            raise TooMuchPoison(
                f"{self._poisoned} of the last {self._limits.window_records} records cannot be handled"
            )
