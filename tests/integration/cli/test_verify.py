"""`agentbus verify` finds what is lost, altered, doubled or foreign, and tells lag from loss."""

from uuid import uuid4

import pytest
from support.messages import message
from support.persister_world import PersisterWorld
from support.verify_world import DAMAGES, damage, stored_plan

from agentbus.cli.repair.difference import Report
from agentbus.cli.repair.verify import verify_all, verify_plan

pytestmark = pytest.mark.integration


def found(report: Report) -> list[tuple[str, str, str]]:
    return [(each.kind.value, each.seqs, each.detail) for each in report.differences]


async def test_what_was_stored_as_it_was_published_is_clean(world: PersisterWorld) -> None:
    plan_id = await stored_plan(world)
    other = await stored_plan(world)
    report = await verify_all(world.reader, world.database)
    assert report.clean, report.differences
    assert (report.plans, report.messages, report.stored, report.unstored) == (2, 24, 24, 0)
    assert (await verify_plan(world.reader, world.database, plan_id)).messages == 12
    assert (await verify_plan(world.reader, world.database, other)).clean


@pytest.mark.parametrize(("how", "told"), DAMAGES, ids=[how for how, _ in DAMAGES])
async def test_damage_is_found_and_named(
    world: PersisterWorld, how: str, told: list[tuple[str, str, str]]
) -> None:
    plan_id = await stored_plan(world)
    await damage(world, plan_id, how)
    assert found(await verify_all(world.reader, world.database)) == told
    name = "stranger" if how == "stranger" else plan_id
    assert found(await verify_plan(world.reader, world.database, name)) == told


async def test_what_is_not_stored_yet_is_lag_and_not_loss(world: PersisterWorld) -> None:
    plan_id = await stored_plan(world)
    await world.publish(message(plan_id, seq) for seq in range(13, 20))
    report = await verify_all(world.reader, world.database)
    assert report.clean, report.differences
    assert report.unstored == 7


async def test_a_gap_in_the_log_is_told(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    await world.publish(message(plan_id, seq) for seq in (1, 2, 6, 8))
    async with world.persister():
        await world.all_committed(within=30)
    report = await verify_plan(world.reader, world.database, plan_id)
    assert found(report) == [("gap", "3-5", ""), ("gap", "7", "")]


async def test_poison_is_accounted_for_by_its_dead_letter(world: PersisterWorld) -> None:
    plan_id = await stored_plan(world)
    await world.publish_raw([(plan_id, b"not json")])
    async with world.persister():
        await world.all_committed(within=30)
    report = await verify_all(world.reader, world.database)
    assert report.clean, report.differences
    assert report.dead_letters == 1
