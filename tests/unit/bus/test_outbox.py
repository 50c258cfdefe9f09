"""The outbox without Kafka: order, restart, a full disk, a second process, a relay that falls behind."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentbus.bus.outbox import Outbox
from agentbus.bus.outbox_file import OutboxFile, Row
from agentbus.bus.record import Outgoing
from agentbus.kernel.errors import Fatal, Invalid, Transient


async def append(outbox: Outbox, *values: str) -> None:
    await asyncio.gather(*(outbox.append("t", "k", value.encode(), "t.v1") for value in values))


async def take(outbox: Outbox) -> list[Row]:
    return await asyncio.wait_for(outbox.take(), 5)


def values(rows: list[Row]) -> list[str]:
    return [(row.record.value or b"").decode() for row in rows]


async def test_rows_come_in_order_from_memory_and_again_from_the_file(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "deep" / "outbox.db")
    await append(outbox, "a", "b", "c")
    assert values(await take(outbox)) == ["a", "b", "c"]
    await append(outbox, "d")
    assert values(await take(outbox)) == ["d"]
    outbox.rewind()
    rows = await take(outbox)
    assert values(rows) == ["a", "b", "c", "d"]
    outbox.acknowledge(rows[1].id, 2)
    assert outbox.pending() == 2
    outbox.rewind()
    assert values(await take(outbox)) == ["c", "d"]
    await outbox.close()


async def test_a_record_is_the_same_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    outbox = Outbox(path)
    await outbox.append("t", "kéy", b"\x00\xff", "t.v1")
    await outbox.append("t", "k", None, "t.v1")
    before = [row.record for row in await take(outbox)]
    await outbox.close()
    again = Outbox(path)
    assert again.pending() == 2
    assert [row.record for row in await take(again)] == before
    assert before[0] == Outgoing(
        "t", "kéy", b"\x00\xff", [("content-type", b"application/json"), ("schema", b"t.v1")]
    )
    await again.close()


async def test_acknowledged_rows_are_deleted_and_ids_go_on(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    outbox = Outbox(path)
    await append(outbox, "a", "b")
    rows = await take(outbox)
    outbox.acknowledge(rows[-1].id, 2)
    await append(outbox, "c")
    assert (await take(outbox))[0].id > rows[-1].id
    await outbox.close()
    file = OutboxFile(path, "normal")
    assert file.count == 1
    file.close()


async def test_a_full_disk_is_transient_and_what_was_written_stays(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db")
    await append(outbox, "a")
    connection = outbox._file._connection
    pages = connection.execute("pragma page_count").fetchone()[0]
    connection.execute(f"pragma max_page_count = {pages}")
    with pytest.raises(Transient, match="full"):
        await outbox.append("t", "k", b"x" * 100_000, "t.v1")
    connection.execute("pragma max_page_count = 1000000")
    await append(outbox, "b")
    assert values(await take(outbox)) == ["a", "b"]
    assert outbox.pending() == 2
    await outbox.close()


async def test_a_second_owner_a_huge_record_and_a_closed_outbox_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "outbox.db"
    outbox = Outbox(path)
    await append(outbox, "a")
    with pytest.raises(Fatal, match="locked"):
        Outbox(path)
    with pytest.raises(Invalid):
        await outbox.append("t", "k", b"x" * 2_097_152, "t.v1")
    await outbox.close()
    with pytest.raises(Fatal):
        await append(outbox, "b")


async def test_a_relay_that_falls_behind_reads_on_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentbus.bus.outbox._FRESH_ROWS", 5)
    monkeypatch.setattr("agentbus.bus.outbox._READ_ROWS", 4)
    outbox = Outbox(tmp_path / "outbox.db")
    await append(outbox, "0")
    assert values(await take(outbox)) == ["0"]
    await append(outbox, *(str(number) for number in range(1, 20)))
    got: list[str] = []
    while len(got) < 19:
        got += values(await take(outbox))
    assert got == [str(number) for number in range(1, 20)]
    await outbox.close()


steps = st.lists(st.sampled_from(["append", "many", "take", "rewind", "acknowledge"]), max_size=25)


@given(steps)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_happens_every_row_is_given_in_order(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, steps: list[str]
) -> None:
    monkeypatch.setattr("agentbus.bus.outbox._FRESH_ROWS", 3)
    monkeypatch.setattr("agentbus.bus.outbox._READ_ROWS", 2)
    outbox = Outbox(tmp_path_factory.mktemp("outbox") / "outbox.db", synchronous="normal")
    appended = acknowledged = 0
    unacknowledged: list[Row] = []
    for step in steps:
        if step in ("append", "many"):
            more = range(appended, appended + (5 if step == "many" else 1))
            await append(outbox, *(str(number) for number in more))
            appended = more.stop
        elif step == "take" and appended > acknowledged + len(unacknowledged):
            rows = await take(outbox)
            begin = acknowledged + len(unacknowledged)
            assert values(rows) == [str(number) for number in range(begin, begin + len(rows))]
            unacknowledged += rows
        elif step == "rewind":
            outbox.rewind()
            unacknowledged = []
        elif step == "acknowledge" and unacknowledged:
            outbox.acknowledge(unacknowledged[0].id, 1)
            acknowledged, unacknowledged = acknowledged + 1, unacknowledged[1:]
        assert outbox.pending() == appended - acknowledged
    await outbox.close()
