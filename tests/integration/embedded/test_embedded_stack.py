"""The embedded stack keeps data and ports, brings killed parts back, and leaves nothing behind."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from support.eventually import eventually
from support.stack import stack_home

from agentbus.bus.address import BusAddress
from agentbus.bus.reader import Reader
from agentbus.contracts import topics
from agentbus.embedded import ferretdb
from agentbus.embedded.errors import NotRunning
from agentbus.embedded.orphans import left_over
from agentbus.embedded.stack import Stack

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
async def home() -> AsyncIterator[Path]:
    with stack_home() as folder:
        yield folder


@pytest.fixture(scope="module")
async def running(home: Path) -> AsyncIterator[Stack]:
    async with Stack(home=home, parts=["infra"]) as up:
        yield up
    assert left_over(up.layout) == []


async def _partitions(stack: Stack) -> int:
    reader = Reader(BusAddress(stack.kafka_bootstrap))
    try:
        return len(await reader.partitions(topics.MESSAGES))
    finally:
        await reader.stop()


async def _remember(stack: Stack, value: str) -> None:
    connection = await asyncpg.connect(stack.postgres_url)
    await connection.execute("create table if not exists kept (value text)")
    await connection.execute("insert into kept values ($1)", value)
    await connection.close()


async def _remembered(stack: Stack) -> list[str]:
    connection = await asyncpg.connect(stack.postgres_url)
    rows = await connection.fetch("select value from kept")
    await connection.close()
    return [row["value"] for row in rows]


async def test_every_part_is_ready_and_the_topics_are_there(running: Stack) -> None:
    rows = {row.name: row for row in await running.status()}
    assert list(rows) == ["kafka", "postgres", "ferretdb"]
    assert all(row.ready and row.pid for row in rows.values())
    assert await _partitions(running) == 6


async def test_postgres_is_durable_has_vectors_and_no_port(running: Stack) -> None:
    connection = await asyncpg.connect(running.postgres_url)
    try:
        assert await connection.fetchval("show fsync") == "on"
        assert await connection.fetchval("show listen_addresses") == ""
        await connection.execute("create extension if not exists vector")
    finally:
        await connection.close()


async def test_a_second_up_finds_it_running(running: Stack, home: Path) -> None:
    other = Stack(home=home, parts=["infra"])
    assert await other.up() is False
    assert other.kafka_bootstrap == running.kafka_bootstrap


async def test_a_killed_part_is_started_again(running: Stack) -> None:
    before = await running.pid("ferretdb")
    await running.kill("ferretdb")
    await running.ready("ferretdb")
    assert await running.pid("ferretdb") != before


async def test_killed_kafka_serves_again(running: Stack) -> None:
    await running.kill("kafka")
    await running.ready("kafka")
    assert await _partitions(running) == 6


async def test_killed_for_good_it_stays_away_until_started(running: Stack) -> None:
    await running.kill("ferretdb", restart=False)
    with pytest.raises(NotRunning):
        await running.pid("ferretdb")
    with pytest.raises(ConnectionRefusedError):
        await ferretdb.ping(running.port("ferretdb"))
    await running.start("ferretdb")
    await ferretdb.ping(running.port("ferretdb"))


async def test_a_suspended_part_is_silent_until_it_is_resumed(running: Stack) -> None:
    await running.suspend("ferretdb")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(ferretdb.ping(running.port("ferretdb")), 0.5)
    await running.resume("ferretdb")
    await ferretdb.ping(running.port("ferretdb"))


async def test_after_a_power_cut_up_recovers_with_all_data(running: Stack) -> None:
    await _remember(running, "before the cut")
    ports = [running.port(name) for name in ("kafka", "ferretdb")]
    await running.kill_everything()
    assert left_over(running.layout) == []
    assert await running.up()
    assert "before the cut" in await _remembered(running)
    assert await _partitions(running) == 6
    assert ports == [running.port(name) for name in ("kafka", "ferretdb")]


async def test_parts_without_a_supervisor_are_taken_over(running: Stack) -> None:
    orphan = psutil.Process(await running.pid("postgres"))
    await running._supervisor.kill()
    assert orphan.is_running()
    assert await running.up()
    assert not orphan.is_running()
    assert await _remembered(running)


async def test_data_and_ports_survive_down_and_up(running: Stack) -> None:
    await _remember(running, "before down")
    bootstrap = running.kafka_bootstrap
    assert await running.down()
    assert not await running.running()
    assert not await running.down()
    assert await running.up()
    assert "before down" in await _remembered(running)
    assert running.kafka_bootstrap == bootstrap


async def test_two_stacks_stand_side_by_side(running: Stack) -> None:
    with stack_home() as folder:
        async with Stack(home=folder, parts=["infra"]) as second:
            assert second.kafka_bootstrap != running.kafka_bootstrap
            assert second.postgres_url != running.postgres_url
            await _remember(running, "in the first")
            await _remember(second, "in the second")
            assert await _remembered(second) == ["in the second"]
        await eventually(lambda: _nothing_left(second), within=5)
    assert all(row.ready for row in await running.status())


def _nothing_left(stack: Stack) -> None:
    assert left_over(stack.layout) == []


async def test_a_program_that_is_just_starting_hears_its_stop() -> None:
    """Between fork and exec a signal is lost: it was killed for its silence, half a minute later."""
    with stack_home() as home:
        async with Stack(home=home, parts=["postgres"]) as stack:
            for _ in range(5):
                await stack.stop("postgres")
                await stack._supervisor.start("postgres")
            await stack.stop("postgres")
            assert "SIGKILL" not in stack.log("supervisord").read_text()
