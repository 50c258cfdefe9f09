"""Driver errors as ours, by what the caller does next: the one place that knows the driver's classes.

Called by the stores of this package around every call of the driver. What cannot be told apart counts as
Transient: waiting loses nothing, dropping would.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from bson.errors import BSONError
from pymongo.errors import DocumentTooLarge, OperationFailure, PyMongoError

from agentbus.kernel.errors import AgentbusError, Duplicate, Invalid, Transient

DUPLICATE_KEY: Final = 11000

_DATA_CODES: Final = frozenset({2, 9, 14, 15, 22, 52, 53, 56, 57, 10334, 17280})
"""BadValue, FailedToParse, TypeMismatch, Overflow, InvalidBSON, DollarPrefixedFieldName, InvalidIdField,
EmptyFieldName, DottedFieldName, BSONObjectTooLarge, KeyTooLong (mongo/base/error_codes.yml)."""

_DATA_SQLSTATE: Final = "(SQLSTATE 22"
"""FerretDB's report of PostgreSQL's "data exception" class (PostgreSQL manual, appendix A)."""


def is_about_data(code: int | None, message: str) -> bool:
    """Returns whether the server refused the document itself, so that trying again is of no use."""
    return code in _DATA_CODES or _DATA_SQLSTATE in message


def translate(error: Exception) -> AgentbusError:
    """Returns our error for one of the driver's."""
    if isinstance(error, BSONError | DocumentTooLarge | OverflowError | UnicodeError | RecursionError):
        return Invalid(f"the database cannot hold this document: {error}", code="unstorable")
    if isinstance(error, OperationFailure) and error.code == DUPLICATE_KEY:
        return Duplicate("the database has this document already", code="stored_already")
    if isinstance(error, OperationFailure) and is_about_data(error.code, str(error)):
        return Invalid(f"the database refused this document: {error}", code="unstorable")
    return Transient(f"the message database is away: {error}", code="database_unavailable")


@contextmanager
def translated() -> Iterator[None]:
    """Raises Transient, Invalid or Duplicate in place of what the driver raises inside."""
    try:
        yield
    except (PyMongoError, BSONError, OverflowError, UnicodeError, RecursionError) as error:
        raise translate(error) from error
