import pytest
from bson.errors import InvalidDocument
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DuplicateKeyError,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
    WriteError,
)

from agentbus.kernel.errors import AgentbusError, Duplicate, Invalid, Transient
from agentbus.mongo.errors import translate, translated

FERRETDB_NUL = "[collection.go:163] ERROR: unsupported Unicode escape sequence (SQLSTATE 22P05)"
FERRETDB_AWAY = "[pool.go] FATAL: the database system is shutting down (SQLSTATE 57P03)"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AutoReconnect("connection closed"), Transient),
        (NetworkTimeout("timed out"), Transient),
        (ServerSelectionTimeoutError("no servers"), Transient),
        (OperationFailure(FERRETDB_AWAY, 1), Transient),
        (OperationFailure("not primary", 10107), Transient),
        (OperationFailure("something new", 99_999), Transient),
        (BulkWriteError({"writeErrors": [], "writeConcernErrors": []}), Transient),
        (OperationFailure(FERRETDB_NUL, 1), Invalid),
        (WriteError("key must not contain '.'", 2), Invalid),
        (InvalidDocument("Key names must not contain the NULL byte"), Invalid),
        (OverflowError("MongoDB can only handle up to 8-byte ints"), Invalid),
        (DuplicateKeyError("E11000", 11000), Duplicate),
    ],
)
def test_the_drivers_errors_say_what_to_do_next(error: Exception, expected: type[AgentbusError]) -> None:
    assert type(translate(error)) is expected


def test_the_cause_is_kept() -> None:
    with pytest.raises(Transient) as raised, translated():
        raise AutoReconnect("connection closed")
    assert isinstance(raised.value.__cause__, AutoReconnect)


def test_our_own_mistakes_are_not_disguised() -> None:
    with pytest.raises(ZeroDivisionError), translated():
        _ = 1 / 0
