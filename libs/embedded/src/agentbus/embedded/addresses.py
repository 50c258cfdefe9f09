"""Where the parts of a stack are, and how they are spoken to. Base of `Stack`."""

from pathlib import Path
from typing import Any

from agentbus.bus.address import BusAddress
from agentbus.embedded import kafka, postgres
from agentbus.embedded.errors import NotRunning
from agentbus.embedded.layout import Layout
from agentbus.embedded.processes import Processes


class Addresses(Processes):
    """Addresses hold no password; what a secure stack wants to know beside them has methods of its own."""

    def __init__(self, layout: Layout, namespace: str) -> None:
        super().__init__(layout)
        self._ports = layout.ports()
        self.namespace = namespace

    @property
    def kafka_bootstrap(self) -> str:
        """host:port of Kafka's brokers, comma separated."""
        return kafka.bootstrap(self._ports)

    @property
    def mongo_url(self) -> str:
        """Address of the MongoDB protocol."""
        return f"mongodb://127.0.0.1:{self.port('ferretdb')}"

    @property
    def postgres_url(self) -> str:
        """Address of PostgreSQL's database `postgres`, over its Unix socket."""
        return postgres.url(self.layout)

    @property
    def url(self) -> str:
        """Address of the one origin for browsers and clients."""
        return f"http://127.0.0.1:{self.port('edge')}"

    def bus_address(self, client_id: str) -> BusAddress:
        """Returns the bus with everything that it takes to get in."""
        return BusAddress(self.kafka_bootstrap, self.namespace, client_id, self.layout.safeguards.bus())

    def database_options(self) -> dict[str, Any]:
        """Returns what `agentbus.mongo.client.connect` needs beside `mongo_url` and a name; holds secrets."""
        return self.layout.safeguards.database_options()

    def port(self, name: str) -> int:
        """Returns the port of a program; also `kafka-controller`, `gateway-socket`. Raises NotRunning."""
        if name not in self._ports:
            raise NotRunning(f"{name} has no port: it is not a part of this stack")
        return self._ports[name]

    def log(self, name: str) -> Path:
        """Returns the file that the program's output goes to."""
        return self.layout.log(name)
