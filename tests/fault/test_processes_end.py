"""kill -9 and SIGTERM under load: nothing is lost, nothing is doubled, and all come back by themselves."""

import pytest
from support.campaign.campaign import Campaign
from support.campaign.persisters import PersisterKilledInBatch
from support.campaign.processes import Killed, RunnerKilled, Stopped
from support.database_proxy import DatabaseProxy
from support.system import System

SERVICES = ("edge", "gateway", "plans", "runner", "telemetry", "persister")
STOP_SECONDS = 20
"""Twice the services' grace (`AGENTBUS_STOP_GRACE_SECONDS`): for requests, then for what is behind them."""


async def test_the_runner_is_killed(campaign: Campaign) -> None:
    await campaign.survive(RunnerKilled())


@pytest.mark.full_campaign
async def test_one_of_two_runners_is_killed(campaign: Campaign) -> None:
    await campaign.survive(RunnerKilled(second=True))


@pytest.mark.embedded_only
async def test_one_of_two_persisters_is_killed_in_a_batch(
    campaign: Campaign, database_proxy: DatabaseProxy
) -> None:
    await campaign.survive(PersisterKilledInBatch(database_proxy))


@pytest.mark.full_campaign
@pytest.mark.parametrize("part", ["persister", "gateway", "plans", "edge"])
async def test_a_process_is_killed(campaign: Campaign, part: str) -> None:
    await campaign.survive(Killed(part))


@pytest.mark.quick_campaign
async def test_what_readers_ask_is_killed(campaign: Campaign) -> None:
    await campaign.survive(Killed("gateway", "plans", "edge"))


@pytest.mark.embedded_only
async def test_a_graceful_stop_drains(campaign: Campaign, system: System) -> None:
    await campaign.survive(Stopped(SERVICES, within_seconds=STOP_SECONDS))
    duplicates = await system.metric("persister", "agentbus_persister_duplicates_total")
    assert duplicates == 0, "the persister was given again what it had committed"
