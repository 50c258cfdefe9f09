"""Many rows in one statement: `insert … select … from unnest($1::text[], …)`. Called by stores."""

from collections.abc import Iterable, Sequence
from typing import Any


def columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Returns the columns of rows of one length, in order, as the arrays that `unnest` takes apart again.

    One statement costs the server and the client a fraction of `executemany`, which sends one for each row.
    """
    return [list(column) for column in zip(*rows, strict=True)]
