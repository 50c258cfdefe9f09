"""A tap as lines of JSON: to standard output, or to a file that can be gone on with.

The file's checkpoint stands beside it (`<file>.offsets`): offsets, and the file's length when they held.
Going on cuts the file to that length first, so a killed tap leaves nothing twice.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from agentbus.bus.record import Record
from agentbus.kernel.errors import Invalid


class LinePrinter:
    """Prints values; what is no JSON is told on standard error instead."""

    def __init__(self, *, envelope: bool) -> None:
        self._envelope = envelope

    def resume(self, topic: str) -> dict[int, int]:  # noqa: ARG002
        """Standard output cannot be gone on with."""
        return {}

    def write(self, records: Sequence[Record]) -> None:
        """Prints the records."""
        sys.stdout.buffer.write(_lines(records, envelope=self._envelope))
        sys.stdout.buffer.flush()

    def close(self) -> None:
        """Nothing to do."""

    def summary(self) -> None:
        """Says nothing: the lines speak."""


class LineFile:
    """Adds lines to a file, with a checkpoint."""

    def __init__(self, path: Path, *, envelope: bool) -> None:
        self._path = path
        self._checkpoint = path.with_name(f"{path.name}.offsets")
        self._envelope = envelope
        self._state: dict[str, Any] = {"topic": "", "length": 0, "offsets": {}}
        self._written = 0
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")

    def resume(self, topic: str) -> dict[int, int]:
        """Returns where to go on, and cuts what was written after the checkpoint."""
        if self._checkpoint.exists():
            self._state = json.loads(self._checkpoint.read_text())
        elif self._file.tell():
            raise Invalid(
                f"{self._path} exists and is no tap (it has no {self._checkpoint.name}): choose another file"
            )
        if self._state["topic"] not in ("", topic):
            raise Invalid(f"{self._path} holds {self._state['topic']}: choose another file for {topic}")
        self._state["topic"] = topic
        self._file.truncate(self._state["length"])
        return {int(partition): offset for partition, offset in self._state["offsets"].items()}

    def write(self, records: Sequence[Record]) -> None:
        """Adds the records, then moves the checkpoint."""
        self._file.write(_lines(records, envelope=self._envelope))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._state["length"] = self._path.stat().st_size
        self._state["offsets"][str(records[0].partition)] = records[-1].offset + 1
        draft = self._checkpoint.with_suffix(".new")
        draft.write_text(json.dumps(self._state))
        draft.replace(self._checkpoint)
        self._written += len(records)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def summary(self) -> None:
        """Tells how many records were added."""
        print(f"{self._written} records added to {self._path}", file=sys.stderr)  # noqa: T201


def _lines(records: Sequence[Record], *, envelope: bool) -> bytes:
    return b"".join(_line(record, envelope=envelope) for record in records)


def _line(record: Record, *, envelope: bool) -> bytes:
    try:
        value = orjson.loads(record.value)
    except orjson.JSONDecodeError:
        place = f"{record.topic} partition {record.partition} offset {record.offset}"
        print(f"not JSON, left out: {place}", file=sys.stderr)  # noqa: T201
        return b""
    if envelope:
        value = {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "key": record.key,
            "timestamp": record.appended_at,
            "headers": {name: text.decode("utf-8", "replace") for name, text in record.headers},
            "value": value,
        }
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
