"""One trace from the request through Kafka to the agents' messages, and on to who stores them (H1)."""

import secrets

from support.system import System

from agentbus.bus.address import BusAddress
from agentbus.bus.reader import Reader
from agentbus.contracts.topics import COMMANDS, MESSAGES, STREAMING
from agentbus.observability.tracing import parent_in


async def test_the_callers_trace_is_that_of_every_message(system: System) -> None:
    trace_id = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}
    body = {
        "description": "x",
        "team_id": "scripted",
        "inputs": {"messages": 3, "actions": 2, "stream": True},
    }
    async with system.client() as client:
        answer = await client.post("/api/v3/process_request", json=body, headers=headers)
    plan_id = answer.json()["plan_id"]
    messages = (await system.ended(plan_id))["messages"]
    assert len(messages) == 12
    assert {message["trace_id"] for message in messages} == {trace_id}
    assert len({message["span_id"] for message in messages}) > 1
    # What the persister, the gateway and telemetry go on from stands on the records.
    for topic in (COMMANDS, MESSAGES, STREAMING):
        assert await traces_on(system, topic, plan_id) == {trace_id}


async def test_without_one_each_request_begins_a_trace(system: System) -> None:
    plans = [await system.ended((await system.submit())["plan_id"]) for _ in range(2)]
    traces = [{message["trace_id"] for message in plan["messages"]} for plan in plans]
    assert [len(each) for each in traces] == [1, 1]
    assert traces[0] != traces[1]


async def traces_on(system: System, topic: str, plan_id: str) -> set[str]:
    """Returns the trace ids in the headers of the plan's records."""
    reader = Reader(BusAddress(system.stack.kafka_bootstrap))
    await reader.start()
    try:
        partition = await reader.partition_for(topic, plan_id)
        records = [record async for record in reader.read(topic, partition, 0, key=plan_id)]
    finally:
        await reader.stop()
    return {str(parent_in(record.headers))[3:35] for record in records}
