"""Which broker leads a partition, and which copies are in sync. Called by the fault campaign."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]
from aiokafka.errors import KafkaError  # type: ignore[import-untyped]

from agentbus.bus.address import BusAddress
from agentbus.kernel.errors import Transient


@dataclass(frozen=True)
class Leadership:
    """The node ids of one partition: its leader (None while there is none), its copies, those in sync."""

    leader: int | None
    copies: frozenset[int]
    in_sync: frozenset[int]


async def leaderships(address: BusAddress, topic: str) -> Mapping[int, Leadership]:
    """Returns what the cluster says of each partition of a topic. Raises Transient when no broker answers."""
    admin = AIOKafkaAdminClient(**address.connection())
    try:
        await admin.start()
        found = (await admin.describe_topics([address.topic(topic)]))[0]
    except (KafkaError, OSError, TimeoutError) as error:
        raise Transient(f"cannot ask for leaders: {error!r}", code="bus_unavailable") from error
    finally:
        await admin.close()
    return {each["partition"]: _leadership(each) for each in found["partitions"]}


def _leadership(partition: Mapping[str, object]) -> Leadership:
    leader, copies, in_sync = partition["leader"], partition["replicas"], partition["isr"]
    assert isinstance(leader, int)
    assert isinstance(copies, list)
    assert isinstance(in_sync, list)
    return Leadership(leader if leader >= 0 else None, frozenset(copies), frozenset(in_sync))
