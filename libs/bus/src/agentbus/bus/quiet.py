"""aiokafka says the same thing ten times a second while Kafka is away; `outage` says it once.

Called by every class here that makes a client of aiokafka.
"""

import logging
import time
from typing import Final

REPEAT_SECONDS: Final = 60.0

_LOGGERS: Final = (
    "aiokafka",
    "aiokafka.client",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.consumer",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.producer",
    "aiokafka.producer.sender",
)


class OncePerMinute(logging.Filter):
    """Lets a message through once in `REPEAT_SECONDS`, whatever its arguments are."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tells whether the record is logged."""
        key, now = (record.name, str(record.msg)), time.monotonic()
        if now - self._last.get(key, -REPEAT_SECONDS) < REPEAT_SECONDS:
            return False
        self._last[key] = now
        return True


_FILTER: Final = OncePerMinute()


def quieten() -> None:
    """Makes aiokafka's loggers say things once a minute. Safe to call again."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)
