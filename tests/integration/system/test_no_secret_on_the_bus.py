"""After a plan that was given secrets everywhere, no topic, collection or log of a service holds one."""

import re
from contextlib import aclosing

import orjson
from support.careless_team import ALL, TEXTS
from support.eventually import eventually
from support.secret_samples import IN_CONTEXT, SHAPED
from support.service_processes import SERVICES, ServiceProcesses

from agentbus.contracts.topics import topics
from agentbus.mongo.messages import MessageStore
from agentbus.mongo.plans import PlanStore

SECRETS = [*(each for many in SHAPED.values() for each in many), *(secret for _, _, secret in IN_CONTEXT)]


def held(where: str) -> list[str]:
    """Returns the secrets of which a telling part stands in `where`, JSON or not."""
    plain = re.sub(r"\\+n", "\n", where)
    return [secret for secret in SECRETS if _telling(secret) in plain]


def _telling(secret: str) -> str:
    lines = [line for line in re.split(r"\\+n|\n", secret) if "-----" not in line]
    return lines[0]


def test_the_check_finds_each() -> None:
    assert held(orjson.dumps({"a": ALL}).decode()) == SECRETS


async def test_nothing_holds_a_secret(services: ServiceProcesses) -> None:
    plan_id = await services.submit(
        ALL, team_id="careless", inputs={"texts": TEXTS, "deep": {"password": "swordfish"}}
    )

    async def asked() -> None:
        async with services.client() as client:
            body = (await client.get("/api/v3/plan", params={"plan_id": plan_id})).json()
        assert body["plan"]["status"] == "pending_clarification", body["plan"]["status"]

    await eventually(asked, within=60)
    async with services.client() as client:
        said = {
            "plan_id": plan_id,
            "agent": SHAPED["github"][0],
            "agent_type": "agent",
            "content": ALL,
            "raw_data": TEXTS,
        }
        answer = await client.post("/api/v3/agent_message", json=said)
        assert answer.status_code == 200, answer.text
        answer = await client.post("/api/v3/user_clarification", json={"plan_id": plan_id, "answer": ALL})
        assert answer.status_code == 200, answer.text
    body = await services.ended(plan_id)
    assert body["plan"]["status"] == "completed"
    places = {"rest": orjson.dumps(body).decode()}
    for name in services_topics():
        places[name] = await whole(services, name)
    assert places["agent.streaming"].count("[redacted:") > len(TEXTS) // 2
    assert places["agent.commands"].count("[redacted:") > 3 * len(TEXTS)
    messages = await MessageStore(services.database).read(plan_id)
    places["mongodb"] = orjson.dumps([messages, await PlanStore(services.database).get(plan_id)]).decode()
    assert places["mongodb"].count("[redacted:") > 8 * len(TEXTS)
    places |= {f"log of {name}": services.log(name) for name in SERVICES}
    assert "action failed" in places["log of runner"]
    assert {place: found for place, text in places.items() if (found := held(text))} == {}


def services_topics() -> list[str]:
    return [name for name in topics() if not name.startswith("access.")]


async def whole(services: ServiceProcesses, topic: str) -> str:
    """Returns all keys, headers and values of a topic."""
    parts = []
    for partition in range(topics()[topic].partitions):
        start = await services.reader.begin_offset(topic, partition)
        async with aclosing(services.reader.read(topic, partition, start)) as records:
            async for record in records:
                text = record.value.decode("utf-8", "replace")
                parts += [record.key, text, *(str(value) for _, value in record.headers)]
    return "\n".join(parts)
