"""A tap as a folder of Parquet files, which DuckDB, pandas, Spark and others read as one table.

A file holds consecutive records of one partition and is named for them; it appears whole or not at all. So
the names alone say how far the tap is. Objects in the value stand as JSON text.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from pydantic import BaseModel

from agentbus.bus.record import Record
from agentbus.contracts import topics
from agentbus.contracts.message import Message, StreamingChunk

_NAME: Final = re.compile(r"^(?P<topic>.+)-p(?P<partition>\d+)-(?P<first>\d+)-(?P<last>\d+)\.parquet$")
_MODELS: Final[dict[str, type[BaseModel]]] = {topics.MESSAGES: Message, topics.STREAMING: StreamingChunk}
_LOG_COLUMNS: Final = [
    ("topic", pa.string()),
    ("partition", pa.int32()),
    ("offset", pa.int64()),
    ("key", pa.string()),
    ("appended_at", pa.timestamp("ms", tz="UTC")),
]
_TYPES: Final = {int: pa.int64(), bool: pa.bool_(), str: pa.string()}


class ParquetFolder:
    """Writes one file a batch."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written = 0
        folder.mkdir(parents=True, exist_ok=True)

    def resume(self, topic: str) -> dict[int, int]:
        """Returns the offset after the newest file of each partition."""
        found: dict[int, int] = {}
        for path in self._folder.iterdir():
            name = _NAME.match(path.name)
            if name is not None and name["topic"] == topic:
                partition = int(name["partition"])
                found[partition] = max(found.get(partition, 0), int(name["last"]) + 1)
        return found

    def write(self, records: Sequence[Record]) -> None:
        """Writes the records as one file."""
        first, last = records[0], records[-1]
        name = f"{first.topic}-p{first.partition}-{first.offset:012d}-{last.offset:012d}.parquet"
        draft = self._folder / f".{name}.new"
        pq.write_table(table(first.topic, records), draft, compression="zstd")
        draft.replace(self._folder / name)
        self._written += len(records)

    def close(self) -> None:
        """Nothing to do: each file is closed when it is written."""

    def summary(self) -> None:
        """Tells how many records were written."""
        print(f"{self._written} records added to {self._folder}", file=sys.stderr)  # noqa: T201


def table(topic: str, records: Sequence[Record]) -> pa.Table:
    """Returns the records as a table: place in the log, value, and the value's known fields."""
    model = _MODELS.get(topic)
    fields = (
        {name: _column_type(field.annotation) for name, field in model.model_fields.items()} if model else {}
    )
    values = [_object(record.value) for record in records]
    columns = {
        "topic": [record.topic for record in records],
        "partition": [record.partition for record in records],
        "offset": [record.offset for record in records],
        "key": [record.key for record in records],
        "appended_at": [record.appended_at for record in records],
        "value": [record.value.decode("utf-8", "replace") for record in records],
    }
    schema = [*_LOG_COLUMNS, ("value", pa.string())]
    for name, kind in fields.items():
        # The topic's own columns have their names first.
        column = name if name not in columns else f"value_{name}"
        columns[column] = [_cell(value.get(name), kind) for value in values]
        schema.append((column, kind or pa.string()))
    return pa.table(columns, schema=pa.schema(schema))


def _column_type(annotation: object) -> Any:
    return _TYPES.get(annotation) if isinstance(annotation, type) else None


def _object(value: bytes) -> dict[str, Any]:
    try:
        decoded = orjson.loads(value)
    except orjson.JSONDecodeError:
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _cell(value: Any, kind: pa.DataType | None) -> Any:
    if value is None or (kind is None and isinstance(value, str)):
        return value
    if kind is None:
        return orjson.dumps(value).decode()
    expected = {pa.int64(): int, pa.bool_(): bool, pa.string(): str}[kind]
    return value if isinstance(value, expected) else None
