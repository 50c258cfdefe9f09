"""`agentbus rebuild messages` makes the database what the log says, however often, wherever it is stopped."""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import pytest
from support.command_line import Ran, agentbus
from support.eventually import eventually
from support.messages import message
from support.persister_world import PersisterWorld
from support.verify_world import DAMAGES, commands_for, damage, stored_plan

from agentbus.cli.repair.rebuild import rebuild
from agentbus.cli.repair.verify import verify_all
from agentbus.mongo.client import connect

pytestmark = pytest.mark.integration


async def snapshot(world: PersisterWorld) -> dict[str, list[dict[str, Any]]]:
    """Every document, as it is."""
    found = {}
    for name in ("messages", "plans"):
        documents = await world.database.collection(name).find({}).to_list(None)
        found[name] = sorted(documents, key=lambda document: str(document["_id"]))
    return found


@pytest.mark.parametrize("how", [how for how, _ in DAMAGES])
async def test_damage_is_mended_and_a_second_run_changes_nothing(world: PersisterWorld, how: str) -> None:
    plan_id = await stored_plan(world)
    before = await snapshot(world)
    await damage(world, plan_id, how)
    damaged = await snapshot(world)
    assert not (await rebuild(world.reader, world.database, dry_run=True)).before.clean
    assert await snapshot(world) == damaged
    rebuilt = await rebuild(world.reader, world.database, prune=True)
    assert rebuilt.after.clean, rebuilt.after.differences
    assert await snapshot(world) == before
    again = await rebuild(world.reader, world.database, prune=True)
    assert (again.added, again.rewritten, again.removed, again.plans_saved) == (0, 0, 0, 0)
    assert await snapshot(world) == before
    assert len(await world.database.collection("messages").index_information()) == 2


async def test_what_the_log_does_not_have_is_left_unless_pruned(world: PersisterWorld) -> None:
    plan_id = await stored_plan(world)
    await damage(world, plan_id, "foreign")
    rebuilt = await rebuild(world.reader, world.database)
    assert [each.kind.value for each in rebuilt.after.differences] == ["foreign"]
    assert await world.database.collection("messages").count_documents({}) == 13


async def test_a_persister_may_run_meanwhile(world: PersisterWorld) -> None:
    plan_id = await stored_plan(world)
    await damage(world, plan_id, "deleted")
    async with world.persister():
        publishing = asyncio.create_task(
            world.publish(
                message(f"{plan_id[:-2]}{number}", seq) for seq in range(1, 200) for number in (1, 2)
            )
        )
        rebuilt = await rebuild(world.reader, world.database)
        await publishing
        await world.all_committed(within=30)
    assert rebuilt.after.clean, rebuilt.after.differences
    report = await verify_all(world.reader, world.database)
    assert report.clean, report.differences
    assert report.stored == 12 + 2 * 199


async def cli(world: PersisterWorld, *arguments: str) -> Ran:
    return await agentbus(*arguments, environment=commands_for(world))


async def test_a_fresh_database_is_built_beside_the_live_one(world: PersisterWorld) -> None:
    plan_id = await stored_plan(world)
    await damage(world, plan_id, "altered")
    damaged = await snapshot(world)
    fresh = connect(world.settings.mongo_url, f"{world.database.name}_rebuilt")
    try:
        ran = await cli(world, "rebuild", "messages", "--fresh")
        assert ran.code == 0, ran.err
        assert f"AGENTBUS_MONGO_DATABASE={fresh.name}" in ran.out
        report = await verify_all(world.reader, fresh)
        assert (report.clean, report.stored) == (True, 12)
        assert await snapshot(world) == damaged
        ran = await cli(world, "rebuild", "messages", "--fresh", "--json")
        assert json.loads(ran.out)["added"] == 0
    finally:
        await fresh.drop()
        fresh.close()


async def test_killed_in_the_middle_it_goes_on_when_run_again(world: PersisterWorld) -> None:
    for _ in range(3):
        await stored_plan(world, 3000)
    await world.database.drop()
    program = "import sys; from agentbus.cli.app import main; main()"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        "rebuild",
        "messages",
        env={**os.environ, **commands_for(world)},
    )

    async def some_are_there() -> None:
        assert await world.database.collection("messages").count_documents({}) > 0

    await eventually(some_are_there, within=60)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    rebuilt = await rebuild(world.reader, world.database)
    assert 0 < rebuilt.added < 9000
    assert rebuilt.before.stored + rebuilt.added == 9000
    assert rebuilt.after.clean, rebuilt.after.differences


async def test_the_command_tells_what_it_did_and_the_audit_log_too(world: PersisterWorld) -> None:
    plan_id = await stored_plan(world)
    await damage(world, plan_id, "deleted")
    dry = await cli(world, "rebuild", "messages", "--dry-run")
    assert (dry.code, "nothing was changed" in dry.out) == (4, True)
    assert await world.reader.end_offsets("audit.log") == dict.fromkeys(await audit_partitions(world), 0)
    ran = await cli(world, "rebuild", "messages")
    assert (ran.code, "3 added" in ran.out) == (0, True), ran.err
    acts = [
        json.loads(record.value)
        for partition in await audit_partitions(world)
        async for record in world.reader.read("audit.log", partition, 0)
    ]
    assert [(act["act"], act["subject"]) for act in acts] == [("rebuild_messages", world.database.name)]


async def audit_partitions(world: PersisterWorld) -> list[int]:
    return await world.reader.partitions("audit.log")


async def test_verify_exits_by_what_it_found(world: PersisterWorld) -> None:
    plan_id = await stored_plan(world)
    ran = await cli(world, "verify")
    assert (ran.code, "log and database agree" in ran.out) == (0, True), ran.err
    await damage(world, plan_id, "altered")
    ran = await cli(world, "verify", plan_id, "--json")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 4
    assert [line["kind"] for line in lines] == ["altered", "summary"]
    assert (lines[0]["first_seq"], lines[0]["detail"]) == (4, "content, extra")
    ran = await cli(world, "verify", "nobody")
    assert (ran.code, "knows a plan nobody" in ran.err) == (1, True)
