"""Bad input gets a clear answer; nothing crashes, nothing is half done."""

import json
from typing import Any

import httpx
import pytest
import websockets
from support.eventually import eventually
from support.system import System, token

from agentbus.bus.address import BusAddress
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.contracts import topics


async def post(system: System, body: bytes, content_type: str = "application/json") -> httpx.Response:
    async with system.client() as client:
        return await client.post(
            "/api/v3/process_request", content=body, headers={"content-type": content_type}
        )


def dump(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (dump({"description": ""}), 422),
        (dump({"description": "   "}), 422),
        (dump({"description": "x" * 70_000}), 422),
        (dump({"description": "x" * 1_000_000}), 413),
        (dump({"description": 5}), 422),
        (dump({"session_id": "s"}), 422),
        (dump(["description"]), 422),
        (dump({"description": "x", "team_id": "nobody"}), 422),
        (dump({"description": "x", "inputs": {"dir": "relative"}}), 422),
        (dump({"description": "x", "inputs": {"dir": 7}}), 422),
        (b'{"description": "x"', 400),
        (b'{"description": "\xff\xfe"}', 400),
        (b"", 400),
    ],
)
async def test_bad_plans_are_refused_with_a_problem(system: System, body: bytes, status: int) -> None:
    response = await post(system, body)
    assert response.status_code in ({status, 422} if status == 400 else {status}), response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["code"]
    assert len(response.content) < 4_000, "what was sent is not echoed"


async def test_unknown_plans(system: System) -> None:
    async with system.client() as client:
        response = await client.get("/api/v3/plan", params={"plan_id": "no-such-plan"})
        assert (response.status_code, response.json()["code"]) == (404, "unknown_plan")
        assert (await client.get("/api/v3/plan")).status_code == 422
        cancel = await client.post("/api/v3/plans/no-such-plan/cancel")
        assert cancel.status_code == 404
        assert (await client.get("/api/v3/nothing")).status_code == 404


async def test_sockets_close_with_a_code_that_says_why(system: System) -> None:
    async def close_code(plan_id: str, **query: Any) -> int | None:
        async with system.socket(plan_id, **query) as socket:
            with pytest.raises(websockets.ConnectionClosed) as closed:
                while True:
                    await socket.recv()
        return closed.value.rcvd.code if closed.value.rcvd else None

    plan_id = (await system.submit(wait=20))["plan_id"]
    assert await close_code("no-such-plan") == 4404
    assert await close_code(plan_id, token="wrong") == 4401
    assert await close_code(plan_id, after_seq=-1) == 4400
    stranger = token(system.stack, workspace="elsewhere")
    assert await close_code(plan_id, token=stranger) in (4403, 4404)


async def test_frames_that_make_no_sense(system: System) -> None:
    plan_id = (await system.submit(wait=20))["plan_id"]
    async with system.socket(plan_id) as socket:
        for text in ("not json", "[]", '{"type": 5}', '{"type": "plan_approval_response", "data": {}}'):
            await socket.send(text)
            while (frame := json.loads(await socket.recv()))["type"] != "error_message":
                pass
            assert frame["data"]["code"]
        await socket.send(json.dumps({"type": "ping"}))
        while json.loads(await socket.recv())["type"] != "pong":
            pass
    async with system.socket(plan_id) as socket:
        await socket.send("x" * 100_000)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            while True:
                await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def test_nobody_gets_in_without_a_token_or_into_another_workspace(system: System) -> None:
    plan_id = (await system.submit(wait=20))["plan_id"]
    async with httpx.AsyncClient(base_url=system.url) as client:
        assert (await client.get("/api/v3/plan", params={"plan_id": plan_id})).status_code == 401
    async with system.client(token=token(system.stack, workspace="elsewhere")) as client:
        response = await client.get("/api/v3/plan", params={"plan_id": plan_id})
        assert response.status_code in (403, 404)
        assert plan_id not in [plan["plan_id"] for plan in (await client.get("/api/v3/plans")).json()]


async def test_a_poison_record_goes_to_the_dead_letter_with_its_reason_and_bytes(system: System) -> None:
    address = BusAddress(system.stack.kafka_bootstrap)
    producer, reader = Producer(address), Reader(address)
    await producer.start()
    await reader.start()
    try:
        poison = b'{"plan_id": "poisoned", "seq": "one"}'
        await producer.send(topics.MESSAGES, "poisoned", poison, schema="message.v1")
        dead_letter = topics.dead_letter_topic(topics.MESSAGES, "persister")

        async def arrived() -> None:
            records = [
                record
                for partition in await reader.partitions(dead_letter)
                async for record in reader.read(dead_letter, partition, 0)
            ]
            found = [record for record in records if record.value == poison]
            assert found
            assert any("reason" in name for name, _ in found[0].headers)

        await eventually(arrived, within=30)
    finally:
        await reader.stop()
        await producer.stop()
    assert (await system.submit(wait=30))["status"] == "completed"
