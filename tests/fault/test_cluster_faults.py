"""Three brokers, three copies: one gone is not noticed, two gone refuse writes, nothing is lost."""

from collections.abc import AsyncIterator

import pytest
from support.campaign.brokers import LeaderLost, TwoLeadersLost
from support.campaign.campaign import Campaign
from support.campaign.fault import Outcome
from support.campaign.load import Load
from support.stack import stack_home
from support.system import System, environment, token

from agentbus.embedded.stack import Stack

pytestmark = [pytest.mark.full_campaign, pytest.mark.embedded_only]


@pytest.fixture(scope="module")
async def cluster(outcomes: list[Outcome]) -> AsyncIterator[Campaign]:
    """A campaign on a system of its own, with three brokers."""
    load = Load(plans=20, messages_per_second=60, seconds=15, sockets=8, readers=2)
    with stack_home() as home:
        async with Stack(home=home, brokers=3, environment=environment()) as running:
            yield Campaign(System(running, token(running)), load, outcomes=outcomes)


async def test_a_leader_is_lost(cluster: Campaign) -> None:
    await cluster.survive(LeaderLost())


async def test_a_leader_and_the_next_are_lost(cluster: Campaign) -> None:
    await cluster.survive(TwoLeadersLost(cluster.seconds(20)))
