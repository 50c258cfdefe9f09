"""Driver errors as ours, by what the caller does next: the one place that knows the driver's classes.

Put around every use of a connection by `database.Database`. What cannot be told apart counts as Transient:
waiting loses nothing, dropping would.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg

from agentbus.kernel.errors import AgentbusError, Duplicate, Invalid, Transient

_DATA_CLASSES: Final = ("22", "54")
"""SQLSTATE classes "data exception" and "program limit exceeded" (PostgreSQL manual, appendix A)."""

_ACCESS_CLASS: Final = "28"
"""SQLSTATE class "invalid authorization specification"."""


def translate(error: Exception) -> AgentbusError:
    """Returns our error for one of the driver's."""
    state = getattr(error, "sqlstate", None) or ""
    if isinstance(error, asyncpg.UniqueViolationError):
        return Duplicate("the database has this already", code="stored_already")
    if isinstance(error, asyncpg.DataError | UnicodeError | OverflowError) or state.startswith(_DATA_CLASSES):
        return Invalid(f"the database cannot hold this: {error}", code="unstorable")
    if state.startswith(_ACCESS_CLASS):
        return Transient(
            "PostgreSQL does not let us in: check AGENTBUS_POSTGRES_USER and AGENTBUS_POSTGRES_PASSWORD",
            code="database_refused",
        )
    return Transient(f"PostgreSQL is away: {error or type(error).__name__}", code="database_unavailable")


@contextmanager
def translated() -> Iterator[None]:
    """Raises Transient, Invalid or Duplicate in place of what the driver raises inside."""
    try:
        yield
    except (
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,  # a connection that broke between two steps of a statement
        OSError,
        TimeoutError,
        UnicodeError,
        OverflowError,
    ) as error:
        raise translate(error) from error
