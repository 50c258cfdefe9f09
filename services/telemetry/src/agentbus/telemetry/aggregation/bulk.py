"""Many rows in one statement: columns go as arrays, `unnest` makes rows of them. Called by the stores."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def rows_of(columns: Mapping[str, str]) -> str:
    """Returns `unnest(…) as given (…)` for columns with these types, one argument a column from $1 on."""
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(columns.values(), start=1))
    return f"unnest({arrays}) as given ({', '.join(columns)})"


def insert(table: str, columns: Mapping[str, str], conflict: str) -> str:
    """Returns a statement that inserts rows; `conflict` is what stands after `on conflict`."""
    return (
        f"insert into telemetry.{table} as kept ({', '.join(columns)}) "  # noqa: S608  our names
        f"select * from {rows_of(columns)} on conflict {conflict}"
    )


def replacing(key: Sequence[str], columns: Iterable[str]) -> str:
    """Returns the conflict's answer by which a row takes the place of the one with the same key."""
    changes = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in key)
    return f"({', '.join(key)}) do update set {changes}"


def as_columns(rows: Sequence[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    """Returns the arguments for rows of `width` columns."""
    return list(zip(*rows, strict=True)) if rows else [()] * width
