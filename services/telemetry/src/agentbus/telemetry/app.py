"""The composition root of the telemetry service: the only place where its parts are built."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from agentbus.bus.reader import Reader
from agentbus.chassis.background import running
from agentbus.chassis.health import Health
from agentbus.chassis.http import build_ops_app
from agentbus.contracts.topics import MESSAGES
from agentbus.telemetry.instruments import PrometheusFigures
from agentbus.telemetry.labels import BoundedPairs
from agentbus.telemetry.model import Ledger
from agentbus.telemetry.ports import Figures
from agentbus.telemetry.settings import TelemetrySettings
from agentbus.telemetry.subscribers import Subscriber, deliver

SERVICE = "telemetry"


def build(settings: TelemetrySettings, figures: Figures | None = None) -> FastAPI:
    """Returns the service; `figures` are kept in the process' Prometheus registry unless given."""
    health = Health()
    kept = figures or PrometheusFigures()
    pairs = BoundedPairs(settings.telemetry_label_pairs)

    def new_ledger() -> Ledger:
        return Ledger(
            kept,
            pairs,
            open_limit=settings.telemetry_open_plans,
            ended_limit=settings.telemetry_ended_plans,
        )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        address = settings.bus_address(f"{SERVICE}-{settings.instance}")
        async with AsyncExitStack() as stack:
            reader = Reader(address)
            stack.push_async_callback(reader.stop)
            await reader.start()

            async def kafka() -> None:
                await reader.partitions(MESSAGES)

            health.check("kafka", kafka)
            delivery = deliver(address, Subscriber(reader, new_ledger), settings.dead_letter_limits())
            health.check("poison", delivery.unhalted, needed=False)
            await stack.enter_async_context(running("delivery", delivery.run, health, stop=delivery.stop))
            yield

    return build_ops_app(settings, service=SERVICE, lifespan=lifespan, health=health)
