"""Topics as the contracts declare them. Called once at the start of a system; safe to repeat."""

from agentbus.bus.address import BusAddress


async def provision(address: BusAddress, *, replication_factor: int = -1) -> None:
    """Creates the missing topics and dead-letter topics and brings the settings of the others up to date.

    -1 is the broker's default replication. Raises Fatal when a topic exists with other partitions than
    declared, Transient when Kafka cannot be reached.
    """
    raise NotImplementedError
