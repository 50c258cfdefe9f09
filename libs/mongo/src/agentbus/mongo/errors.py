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


_ACCESS_CODES: Final = frozenset({13, 18})
"""Unauthorized, AuthenticationFailed."""

_ACCESS_SQLSTATE: Final = "(SQLSTATE 28"
"""FerretDB's report of PostgreSQL's "invalid authorization specification" class."""

_TLS_REASONS: Final = {
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not trusted: AGENTBUS_MONGO_CA_FILE must hold the "
    "authority that signed it, and AGENTBUS_MONGO_URL a host that it is for",
    "CERTIFICATE_REQUIRED": "it wants a client certificate: set AGENTBUS_MONGO_CERTIFICATE_FILE",
    "WRONG_VERSION_NUMBER": "it does not speak TLS, and AGENTBUS_MONGO_TLS is true",
}
"""What OpenSSL says, and what to do."""


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
    reason = refusal(error)
    if reason:
        return Transient(f"the message database does not let us in: {reason}", code="database_refused")
    return Transient(f"the message database is away: {error}", code="database_unavailable")


def refusal(error: Exception) -> str | None:
    """Returns why the server, or its certificate, keeps us out and what to do; None for another error."""
    code = error.code if isinstance(error, OperationFailure) else None
    if code in _ACCESS_CODES or _ACCESS_SQLSTATE in str(error):
        return "check AGENTBUS_MONGO_USER and AGENTBUS_MONGO_PASSWORD"
    return next((reason for mark, reason in _TLS_REASONS.items() if mark in str(error)), None)


@contextmanager
def translated() -> Iterator[None]:
    """Raises Transient, Invalid or Duplicate in place of what the driver raises inside."""
    try:
        yield
    except (PyMongoError, BSONError, OverflowError, UnicodeError, RecursionError) as error:
        raise translate(error) from error
