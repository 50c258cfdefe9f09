"""Topics of one test's own, gone after it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient  # type: ignore[import-untyped]

from agentbus.bus.address import BusAddress
from agentbus.bus.provisioning import Wanted, declared, provision


@asynccontextmanager
async def made_topics(address: BusAddress, wanted: Sequence[Wanted] | None = None) -> AsyncIterator[None]:
    """Makes topics (default: the declared ones) and deletes them.

    Kept, they would be tens of thousands of partitions after some hundred tests: a broker that has those
    takes seconds to make the next.
    """
    await provision(address, wanted)
    yield
    admin = AIOKafkaAdminClient(**address.connection())
    await admin.start()
    try:
        await admin.delete_topics([address.topic(each.name) for each in wanted or declared()])
    finally:
        await admin.close()
