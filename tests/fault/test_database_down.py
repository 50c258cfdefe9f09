"""With the database away agents go on, answers hold the results, and all is stored afterwards (A2.5, A5)."""

import pytest
from support.eventually import eventually
from support.system import System, check_order

pytestmark = pytest.mark.quick_campaign


async def test_a_plan_during_an_outage(system: System) -> None:
    before = await system.metric("persister", "agentbus_persister_success_ratio")
    await system.stack.kill("ferretdb", restart=False)
    try:
        answer = await system.submit(wait=60, inputs={"actions": 3, "messages": 50})
        assert answer["status"] == "completed"
        assert answer["result"] == "done"
        check_order(answer["messages"])
        watched = await system.watch(answer["plan_id"])
        assert watched == answer["messages"]

        async def told() -> None:
            assert await system.metric("persister", "agentbus_persister_success_ratio") < before
            assert answer["plan_id"] in system.stack.log("persister").read_text()

        await eventually(told, within=30)
        async with system.client() as client:
            response = await client.get("/api/v3/plan", params={"plan_id": answer["plan_id"]})
        assert response.status_code == 503
        assert "retry-after" in response.headers
    finally:
        await system.stack.start("ferretdb")
    stored = await system.ended(answer["plan_id"])
    assert stored["messages"] == answer["messages"]

    async def recovered() -> None:
        await system.submit(wait=30, inputs={"messages": 20})
        assert await system.metric("persister", "agentbus_persister_success_ratio") > 0.9

    await eventually(recovered, within=60)


async def test_a_database_that_hangs(system: System) -> None:
    await system.stack.suspend("ferretdb")
    try:
        answer = await system.submit(wait=60, inputs={"messages": 10})
        assert answer["status"] == "completed"
    finally:
        await system.stack.resume("ferretdb")
    assert (await system.ended(answer["plan_id"]))["messages"] == answer["messages"]
