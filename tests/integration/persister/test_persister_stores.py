from typing import Any
from uuid import uuid4

import orjson
import pytest
from prometheus_client import REGISTRY
from support.eventually import eventually
from support.messages import message
from support.persister_world import PersisterWorld, kill

from agentbus.plan.projection import apply

pytestmark = pytest.mark.integration


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"agentbus_persister_{name}", labels) or 0.0


def log_of(plan_id: str, count: int) -> list[dict[str, Any]]:
    first = message(plan_id, 1, type="plan_created", payload={"description": "look", "request_hash": "h"})
    last = message(plan_id, count, type="plan_completed", payload={"status": "completed"})
    return [first, *(message(plan_id, seq) for seq in range(2, count)), last]


async def test_every_seq_once_and_in_order_without_any_socket(world: PersisterWorld) -> None:
    logs = {plan_id: log_of(plan_id, 200) for plan_id in (str(uuid4()) for _ in range(20))}
    async with world.persister():
        await world.publish(each for group in zip(*logs.values(), strict=True) for each in group)
        await world.all_committed(within=60)
    for plan_id, log in logs.items():
        assert await world.messages.read(plan_id) == log
        plan = await world.plans.get(plan_id)
        assert plan is not None
        assert (plan["status"], plan["last_seq"], plan["description"]) == ("completed", 200, "look")


async def test_a_message_is_stored_while_its_plan_runs(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    async with world.persister():
        for each in log_of(plan_id, 3):
            await world.publish([each])

            async def stored(seq: int = each["seq"]) -> None:
                assert len(await world.messages.read(plan_id)) == seq
                plan = await world.plans.get(plan_id)
                assert plan is not None
                assert plan["last_seq"] == seq

            await eventually(stored, within=20)


async def test_repeats_stale_attempts_gaps_and_poison(world: PersisterWorld) -> None:
    plan_id = str(uuid4())
    first = [message(plan_id, seq) for seq in range(1, 6)]
    resumed = message(plan_id, 6, attempt=2, type="plan_resumed", payload={"reason": "crash"})
    stale = [message(plan_id, 6, content="too late"), message(plan_id, 7, content="too late")]
    after_gap = message(plan_id, 9, attempt=2, from_a_newer_writer={"kept": [1]})
    names = ("saved_total", "duplicates_total", "stale_total", "gaps_total")
    before = {name: figure(name) for name in names}
    poison = [(plan_id, b"{"), (plan_id, b'{"plan_id": 1}'), ("", b"\xff"), ("another", _json(first[0]))]
    async with world.persister():
        await world.publish([*first, *first[2:], resumed, *stale])
        await world.publish_raw(poison)
        await world.publish([after_gap])
        await world.all_committed(within=30)
    assert await world.messages.read(plan_id) == [*first, resumed, after_gap]
    assert {name: figure(name) - before[name] for name in names} == {
        "saved_total": 7,
        "duplicates_total": 3,
        "stale_total": 2,
        "gaps_total": 1,
    }
    letters = await world.dead_letters()
    assert sorted((letter.code, letter.original.value) for letter in letters) == sorted(
        zip(
            ("undecodable", "invalid_message", "undecodable", "wrong_key"),
            (v for _, v in poison),
            strict=True,
        )
    )
    assert all(letter.reason for letter in letters)


async def test_a_message_that_the_database_cannot_hold_natively_is_stored_all_the_same(
    world: PersisterWorld,
) -> None:
    plan_id = str(uuid4())
    payload = {"a.b": {"$set": [[1, [2]]]}, "": "\0", "n": 2**64 - 1, "_id": 1, "deep": [{"x": [[{}]]}]}
    sent = [
        message(plan_id, 1, payload=payload, content="\0"),
        message(plan_id, 2, _id="own", metadata={".": 1}),
    ]
    async with world.persister():
        await world.publish(sent)
        await world.all_committed(within=30)
    assert await world.messages.read(plan_id) == sent
    assert await world.dead_letters() == []


async def test_persisters_come_and_go_in_the_middle(world: PersisterWorld) -> None:
    logs = {plan_id: log_of(plan_id, 400) for plan_id in (str(uuid4()) for _ in range(12))}
    rows = list(zip(*logs.values(), strict=True))
    killed = await world.start_process()
    try:
        for start in range(0, 200, 20):
            await world.publish(each for row in rows[start : start + 20] for each in row)
        await eventually(lambda: _stored_something(world, logs), within=40)
        async with world.persister(persister_batch_records=50):
            await world.publish(each for row in rows[200:300] for each in row)
            await kill(killed)
            async with world.persister(persister_batch_records=50):
                await world.publish(each for row in rows[300:] for each in row)
            await world.all_committed(within=60)
    finally:
        if killed.returncode is None:
            await kill(killed)
    for plan_id, log in logs.items():
        assert await world.messages.read(plan_id) == log
        assert await world.plans.get(plan_id) == _told_by(log)


def _told_by(log: list[dict[str, Any]]) -> dict[str, Any] | None:
    plan = None
    for each in log:
        plan = apply(plan, each)
    return plan


async def _stored_something(world: PersisterWorld, logs: dict[str, Any]) -> None:
    assert any([await world.messages.read(plan_id, limit=1) for plan_id in logs])


def _json(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value)
