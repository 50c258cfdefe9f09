"""A plan that nobody watches is stored whole, the same object wherever it is read (A1.2, A2.4, A3)."""

from support.eventually import eventually
from support.system import System, check_order


async def test_the_same_objects_on_kafka_in_the_database_over_rest_and_websocket(system: System) -> None:
    answer = await system.submit(inputs={"actions": 3, "messages": 20, "stream": True})
    assert set(answer) >= {"plan_id", "status", "session_id"}
    assert answer["status"] == "created"
    over_rest = (await system.ended(answer["plan_id"]))["messages"]
    check_order(over_rest)
    assert len(over_rest) == 2 + 3 * 2 + 20 + 1 + 2
    assert over_rest == await system.on_kafka(answer["plan_id"])
    assert over_rest == await system.in_database(answer["plan_id"])
    assert over_rest == await system.watch(answer["plan_id"])


async def test_a_watcher_sees_what_a_later_reader_gets(system: System) -> None:
    plan_id = (await system.submit(inputs={"actions": 10, "pause_seconds": 0.05}))["plan_id"]
    watched = await system.watch(plan_id)
    check_order(watched)

    async def stored() -> None:
        assert (await system.plan(plan_id))["messages"] == watched

    await eventually(stored, within=20)


async def test_the_plan_document_has_the_keys_that_clients_read(system: System) -> None:
    plan_id = (await system.submit("Look at it", session_id="s-1"))["plan_id"]
    body = await system.ended(plan_id)
    assert set(body) == {"plan", "team", "messages", "m_plan", "streaming_message"}
    plan = body["plan"]
    assert plan["initial_goal"] == plan["description"] == "Look at it"
    assert plan["overall_status"] == plan["status"] == "completed"
    assert plan["data_type"] == "plan"
    assert plan["session_id"] == "s-1"
    assert [step["status"] for step in plan["steps"]] == ["pending"]


async def test_waiting_for_the_result(system: System) -> None:
    answer = await system.submit(wait=30, inputs={"messages": 5})
    assert answer["status"] == "completed"
    assert answer["result"] == "done"
    check_order(answer["messages"])
    assert answer["messages"] == await system.on_kafka(answer["plan_id"])


async def test_still_running_at_the_limit(system: System) -> None:
    answer = await system.submit(wait=1, inputs={"actions": 1, "pause_seconds": 4})
    assert answer["status"] == "in_progress"
    assert [message["type"] for message in answer["messages"]][:2] == ["plan_created", "plan_started"]
    assert (await system.ended(answer["plan_id"]))["plan"]["status"] == "completed"
