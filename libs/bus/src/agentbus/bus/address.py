"""Where the bus is and under which names. Everything else in this library takes an address first and speaks
un-prefixed names, so that several systems (or tests) can share one broker."""

from dataclasses import dataclass, field
from typing import Any

from agentbus.bus.security import Security


@dataclass(frozen=True)
class BusAddress:
    """A Kafka cluster (`bootstrap` = host:port, comma separated) and the prefix of our names on it.

    `security`: how its brokers are spoken to. Its password shows nowhere.
    """

    bootstrap: str
    namespace: str = ""
    client_id: str = "agentbus"
    security: Security = field(default_factory=Security)

    def connection(self) -> dict[str, Any]:
        """Returns what each of aiokafka's clients is made with; may hold the password."""
        return {
            "bootstrap_servers": self.bootstrap,
            "client_id": self.client_id,
            **self.security.options(),
        }

    def topic(self, name: str) -> str:
        """Returns the topic's name on the broker."""
        return self.namespace + name

    def group(self, name: str) -> str:
        """Returns the consumer group's name on the broker."""
        return self.namespace + name

    def short_name(self, topic: str) -> str:
        """Returns the un-prefixed name of the broker's `topic`."""
        return topic.removeprefix(self.namespace)
