"""Kafka killed, strange records on it, a runner cut off or out of disk: nothing lost, nothing doubled."""

from dataclasses import replace

import pytest
from support.campaign.brokers import KafkaKilled
from support.campaign.campaign import Campaign
from support.campaign.clocks import ClockJumps, long_token
from support.campaign.records import Duplicates, NothingButPoison, Poison, Zombie
from support.campaign.runners import Fenced, OutboxDiskFull


async def test_kafka_is_killed(campaign: Campaign) -> None:
    await campaign.survive(KafkaKilled(0))


@pytest.mark.full_campaign
async def test_kafka_comes_back_late(campaign: Campaign) -> None:
    await campaign.survive(KafkaKilled(campaign.seconds(20)))


async def test_one_record_in_ten_is_poison(campaign: Campaign) -> None:
    await campaign.survive(Poison())


@pytest.mark.embedded_only
async def test_nothing_but_poison_halts_the_partition(campaign: Campaign) -> None:
    await campaign.survive(NothingButPoison())


async def test_records_come_again_in_any_order(campaign: Campaign) -> None:
    await campaign.survive(Duplicates())


async def test_a_zombie_writes_under_its_old_attempt(campaign: Campaign) -> None:
    await campaign.survive(Zombie())


@pytest.mark.embedded_only
async def test_a_runner_is_cut_off_past_its_session(campaign: Campaign) -> None:
    await campaign.survive(Fenced())


@pytest.mark.embedded_only
async def test_the_outbox_has_no_room(campaign: Campaign) -> None:
    await campaign.survive(OutboxDiskFull(campaign.seconds(20)))


@pytest.mark.embedded_only
@pytest.mark.parametrize(
    "part",
    [
        "plans",
        *(pytest.param(part, marks=pytest.mark.full_campaign) for part in ("runner", "persister", "gateway")),
    ],
)
async def test_a_clock_jumps(campaign: Campaign, part: str) -> None:
    patient = replace(campaign, system=replace(campaign.system, token=long_token(campaign.system.stack)))
    await patient.survive(ClockJumps(part))
