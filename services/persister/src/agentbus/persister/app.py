"""The persister's composition root: the only place where its adapters are built.

Starts whether or not Kafka and the database are up; `/health/ready` tells which is not. Called by `__main__`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from agentbus.bus.delivery import Delivery
from agentbus.chassis.background import running
from agentbus.chassis.health import Health
from agentbus.chassis.http import build_ops_app
from agentbus.contracts.topics import MESSAGES
from agentbus.kernel.clock import SystemClock
from agentbus.mongo.client import connect
from agentbus.mongo.messages import MessageStore
from agentbus.mongo.plans import PlanStore
from agentbus.persister import instruments
from agentbus.persister.known_plans import KnownPlans
from agentbus.persister.settings import PersisterSettings
from agentbus.persister.subscribers import MessageSubscriber
from agentbus.persister.success import SuccessWindow

SERVICE = "persister"
GROUP = "persister"


def build(settings: PersisterSettings) -> FastAPI:
    """Returns the service: health, metrics, and the consumer beside them."""
    clock = SystemClock()
    database = connect(settings.mongo_url, settings.mongo_database, **settings.database_options())
    success = SuccessWindow(clock, settings.persister_success_window_seconds)
    instruments.SUCCESS.set_function(success.ratio)
    subscriber = MessageSubscriber(
        MessageStore(database),
        PlanStore(database),
        known=KnownPlans(settings.persister_known_plans),
        success=success,
        clock=clock,
    )
    delivery = Delivery(
        settings.bus_address(settings.instance),
        topics=[MESSAGES],
        group=GROUP,
        handler=subscriber.handle,
        max_batch_records=settings.persister_batch_records,
        on_revoked=subscriber.on_revoked,
        limits=settings.dead_letter_limits(),
    )
    health = Health()
    health.check("poison", delivery.unhalted, needed=False)
    health.check("database", database.ping)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            async with running("delivery", delivery.run, health, stop=delivery.stop):
                yield
        finally:
            database.close()

    return build_ops_app(settings, service=SERVICE, lifespan=lifespan, health=health)
