"""The composition of alerts: watchers, channels, evaluation, relay. Called by the service's `app.py`.

`run_alerts` starts what works in the background and returns what the routes work with.
"""

from contextlib import AsyncExitStack
from functools import partial

from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.tail import Tail
from agentbus.chassis.background import running
from agentbus.chassis.health import Health
from agentbus.contracts.topics import TELEMETRY_ALERTS
from agentbus.kernel.clock import Clock
from agentbus.postgres.database import Database
from agentbus.postgres.relay import Relay
from agentbus.postgres.schema import Schema
from agentbus.telemetry.alerts.channels.email import Email, Mailer
from agentbus.telemetry.alerts.channels.slack import Slack
from agentbus.telemetry.alerts.channels.webhook import Webhook
from agentbus.telemetry.alerts.delivery import Courier
from agentbus.telemetry.alerts.evaluation import Evaluation
from agentbus.telemetry.alerts.figure_watcher import FigureWatcher
from agentbus.telemetry.alerts.live import Streams
from agentbus.telemetry.alerts.metric_watcher import MetricWatcher
from agentbus.telemetry.alerts.overdue import OverdueWatcher
from agentbus.telemetry.alerts.parts import AlertParts
from agentbus.telemetry.alerts.plan_log import PlanLog
from agentbus.telemetry.alerts.ports import Channel, Watcher
from agentbus.telemetry.alerts.publishing import publisher
from agentbus.telemetry.alerts.scraping import Scraper
from agentbus.telemetry.alerts.settings import AlertSettings
from agentbus.telemetry.alerts.store import OUTBOX


async def run_alerts(
    settings: AlertSettings,
    database: Database,
    schema: Schema,
    clock: Clock,
    health: Health,
    stack: AsyncExitStack,
) -> AlertParts:
    """Starts evaluation, relay and scraping in `stack`; none waits for a database or a bus that is away."""
    address = settings.bus_address(f"telemetry-alerts-{settings.instance}")
    reader = Reader(address, timeout_seconds=2.0)
    stack.push_async_callback(reader.stop)
    scraper = Scraper(settings.scrape_targets, clock)
    watchers: list[Watcher] = [
        OverdueWatcher(database, PlanLog(reader), settings.measure()),
        FigureWatcher(database, settings.figure_limits()),
        MetricWatcher(scraper, settings.resource_limits()),
    ]
    couriers = [
        Courier(database, channel, clock, give_up_hours=settings.alert_give_up_hours)
        for channel in channels_of(settings, clock)
    ]
    evaluation = Evaluation(database, watchers, couriers, clock, keep_days=settings.alert_keep_days)
    producer = Producer(address)
    stack.push_async_callback(producer.stop)
    await producer.start()
    relay = Relay(database, OUTBOX, publisher(producer))

    async def evaluated() -> None:
        await schema.made()
        await evaluation.run()

    async def relayed() -> None:
        await schema.made()
        await relay.run()

    await stack.enter_async_context(running("alerts", evaluated, health))
    await stack.enter_async_context(running("alert relay", relayed, health))
    await stack.enter_async_context(running("scraping", scraper.run, health))
    streams = Streams()
    tail = Tail(address, [TELEMETRY_ALERTS], streams.deliver)
    stack.push_async_callback(tail.stop)
    await tail.start(wait_seconds=1.0)
    health.on_stop(streams.end_all)
    return AlertParts(database, clock, scraper, streams, partial(tail.position, TELEMETRY_ALERTS, 0))


def channels_of(settings: AlertSettings, clock: Clock) -> list[Channel]:
    """Returns the channels that are set."""
    channels: list[Channel] = []
    if settings.alert_webhook_url is not None and settings.alert_webhook_secret is not None:
        channels.append(Webhook(settings.alert_webhook_url, settings.alert_webhook_secret, clock))
    if settings.alert_slack_url is not None:
        channels.append(Slack(settings.alert_slack_url))
    if settings.alert_smtp_host:
        channels.append(Email(_mailer(settings)))
    return channels


def _mailer(settings: AlertSettings) -> Mailer:
    return Mailer(
        host=settings.alert_smtp_host,
        port=settings.alert_smtp_port,
        security=settings.alert_smtp_security,
        user=settings.alert_smtp_user,
        password=settings.alert_smtp_password,
        sender=settings.alert_smtp_from,
        recipients=settings.alert_smtp_to,
    )
