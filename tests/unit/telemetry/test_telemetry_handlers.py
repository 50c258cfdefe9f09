"""What is no message of its plan changes no figure, as with every other consumer of the log."""

from datetime import UTC, datetime

import orjson
import pytest
from prometheus_client import CollectorRegistry
from support.messages import message

from agentbus.bus.batch import Batch
from agentbus.bus.record import Record
from agentbus.contracts.topics import MESSAGES
from agentbus.telemetry.handlers import count, read
from agentbus.telemetry.instruments import PrometheusFigures
from agentbus.telemetry.labels import BoundedPairs
from agentbus.telemetry.model import Ledger

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("p", b"nonsense", "invalid_message"),
        ("p", orjson.dumps({**message("p", 1), "seq": "one"}), "invalid_message"),
        ("other", orjson.dumps(message("p", 1)), "wrong_key"),
    ],
)
def test_what_is_no_message_is_poison_and_not_counted(key: str, value: bytes, code: str) -> None:
    registry = CollectorRegistry()
    ledger = Ledger(PrometheusFigures(registry), BoundedPairs(5), open_limit=5, ended_limit=5)
    bad = Record(MESSAGES, 0, 7, key, value, (), NOW)
    good = Record(MESSAGES, 0, 8, "q", orjson.dumps(message("q", 1)), (), NOW)
    parsed, (poison,) = read(Batch(MESSAGES, 0, [bad, good]))
    count(parsed, ledger)
    assert (poison.record, poison.code) == (bad, code)
    assert registry.get_sample_value("agentbus_telemetry_messages_total", {"type": "agent_message"}) == 1
