"""kill -9 of one process under load: nothing is lost, nothing is doubled, and it comes back by itself."""

import pytest
from support.campaign.campaign import Campaign
from support.campaign.processes import Killed


@pytest.mark.parametrize("part", ["runner", "persister", "gateway", "plans", "edge"])
async def test_a_killed_process(campaign: Campaign, part: str) -> None:
    await campaign.survive(Killed(part))
