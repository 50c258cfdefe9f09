"""The main job: the default team reviews a real source tree, with nobody watching (A3.2)."""

from pathlib import Path

from support.system import System, check_order

TREE = Path(__file__).parent.parent.parent / "libs"


async def test_a_review_of_a_real_tree(system: System) -> None:
    answer = await system.submit("Review it", wait=110, team_id="review", inputs={"dir": str(TREE)})
    assert answer["status"] == "completed", answer["messages"][-1]
    check_order(answer["messages"])
    started = {message["action_id"] for message in answer["messages"] if message["type"] == "action_started"}
    finished = {
        message["action_id"]
        for message in answer["messages"]
        if message["type"] in ("action_completed", "action_failed")
    }
    assert started == finished
    assert len(started) >= 8
    plan = await system.ended(answer["plan_id"])
    assert plan["messages"] == answer["messages"]
    assert answer["result"] == plan["plan"]["result"]
    assert "# " in answer["result"]


async def test_a_missing_directory_is_told(system: System) -> None:
    answer = await system.submit(wait=30, team_id="review", inputs={"dir": "/no/such/folder"})
    assert answer["status"] == "failed"
    assert answer["messages"][-1]["payload"]["error"]["code"] == "directory_not_found"
