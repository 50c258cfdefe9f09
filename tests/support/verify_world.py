"""A message database that a persister filled, and ways to damage it."""

from uuid import uuid4

from support.messages import message
from support.persister_world import PersisterWorld


async def stored_plan(world: PersisterWorld, messages: int = 12) -> str:
    """Publishes a plan and lets a persister store it."""
    plan_id = str(uuid4())
    await world.publish(message(plan_id, seq) for seq in range(1, messages + 1))
    async with world.persister():
        await world.all_committed(within=30)
    return plan_id


def commands_for(world: PersisterWorld) -> dict[str, str]:
    """The environment in which `agentbus` works on this world."""
    names = ("kafka_bootstrap", "mongo_url", "mongo_database", "namespace")
    return {f"AGENTBUS_{name.upper()}": str(getattr(world.settings, name)) for name in names}


async def damage(world: PersisterWorld, plan_id: str, how: str) -> None:
    messages = world.database.collection("messages")
    plans = world.database.collection("plans")
    fourth = {"plan_id": plan_id, "seq": 4}
    if how == "deleted":
        await messages.delete_many({"plan_id": plan_id, "seq": {"$in": [4, 5, 9]}})
    elif how == "altered":
        await messages.update_one(fourth, {"$set": {"content": "forged", "extra": 1}})
    elif how == "renumbered":
        await messages.update_one(fourth, {"$set": {"seq": 400}})
    elif how == "doubled":
        await messages.drop_indexes()
        double = await messages.find_one(fourth)
        assert double is not None
        await messages.insert_one({**double, "_id": "a double"})
    elif how == "foreign":
        await messages.insert_one({**message(plan_id, 13), "_id": "f"})
    elif how == "stranger":
        await messages.insert_one({**message("stranger", 1), "_id": "s"})
        await plans.insert_one({"_id": "stranger", "plan_id": "stranger", "last_seq": 1})
    elif how == "plan deleted":
        await plans.delete_one({"_id": plan_id})
    elif how == "plan altered":
        await plans.update_one({"_id": plan_id}, {"$set": {"status": "completed"}})
    elif how == "plan ahead":
        await plans.update_one({"_id": plan_id}, {"$set": {"last_seq": 99}})


DAMAGES = [
    ("deleted", [("missing", "4-5", ""), ("missing", "9", "")]),
    ("altered", [("altered", "4", "content, extra")]),
    ("renumbered", [("foreign", "400", ""), ("missing", "4", "")]),
    ("doubled", [("doubled", "4", "")]),
    ("foreign", [("foreign", "13", "")]),
    ("stranger", [("foreign", "1", ""), ("plan_foreign", "", "")]),
    ("plan deleted", [("plan_missing", "", "")]),
    ("plan altered", [("plan_altered", "", "status")]),
    ("plan ahead", [("plan_altered", "", "last_seq is 99, the log's is 12")]),
]
