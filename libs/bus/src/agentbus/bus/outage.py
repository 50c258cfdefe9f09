"""Says once that Kafka is away and once that it is back, however often it is tried in between."""

import time

from agentbus.kernel.backoff import Backoff
from agentbus.observability.log import get_logger

_LOG = get_logger("agentbus.bus")


class Outage:
    """One client's view of Kafka: counts failed tries, gives the wait before the next."""

    def __init__(self, client: str) -> None:
        self._client = client
        self._backoff = Backoff(first_seconds=0.1, limit_seconds=5.0)
        self._tries = 0
        self._since = 0.0
        self.cause: BaseException | None = None

    def failed(self, error: BaseException) -> float:
        """Records a failed try; returns the seconds to wait before the next. `cause` is the last one's."""
        self.cause = error
        if self._tries == 0:
            self._since = time.monotonic()
            _LOG.warning("kafka_unavailable", client=self._client, error=repr(error))
        self._tries += 1
        return self._backoff.delay(self._tries)

    def over(self) -> None:
        """Records that Kafka answered."""
        if self._tries:
            away = round(time.monotonic() - self._since, 3)
            _LOG.info("kafka_available", client=self._client, away_seconds=away, tries=self._tries)
        self._tries, self.cause = 0, None
