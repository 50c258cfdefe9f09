"""The message database down, silent, refusing, slow, under load: it catches up, and nothing is doubled."""

import pytest
from support.campaign.campaign import Campaign
from support.campaign.database import DatabaseDown, DatabaseHangs, DatabaseRefuses, DatabaseSlow
from support.database_proxy import DatabaseProxy

OUTAGE_SECONDS = 30


async def test_down(campaign: Campaign) -> None:
    await campaign.survive(DatabaseDown(campaign.seconds(OUTAGE_SECONDS)))


@pytest.mark.full_campaign
async def test_hangs(campaign: Campaign) -> None:
    await campaign.survive(DatabaseHangs(campaign.seconds(OUTAGE_SECONDS)))


@pytest.mark.embedded_only
async def test_refuses_half_of_the_writes(campaign: Campaign, database_proxy: DatabaseProxy) -> None:
    await campaign.survive(DatabaseRefuses(database_proxy, campaign.seconds(OUTAGE_SECONDS)))


@pytest.mark.full_campaign
@pytest.mark.embedded_only
async def test_slow(campaign: Campaign, database_proxy: DatabaseProxy) -> None:
    await campaign.survive(DatabaseSlow(database_proxy, campaign.seconds(OUTAGE_SECONDS)))
