"""No message of a plan, nothing in its record and no piece of its live text holds a secret (design.md 7)."""

import json
from typing import Any

from support.plan_in_memory import PlanInMemory
from support.secret_samples import IN_CONTEXT, JWT, PEM, SHAPED

from agentbus.runner.team import PlanContext, Report

SECRETS = [each for many in SHAPED.values() for each in many]
TEXTS = [*SECRETS, *(context.format(secret) for _, context, secret in IN_CONTEXT)]


async def test_no_message_of_a_plan_holds_one_and_a_replay_gets_what_the_team_saw() -> None:
    seen: list[Any] = []

    async def fetch() -> dict[str, Any]:
        return {"answer": [f"token {JWT}"], "password": "swordfish"}

    async def work(plan: PlanContext) -> Report:
        seen.append(await plan.act("a", "fetch", {"with": JWT, JWT: "name"}, fetch))
        await plan.say(f"a {JWT}", f"I have {JWT}", found={"deep": [PEM]})
        raise ValueError(f"refused {JWT}")

    first = PlanInMemory(work)
    await first.to_its_end()
    await PlanInMemory(work, messages=first.messages[:2]).to_its_end()
    told = json.dumps(first.messages)
    assert JWT not in told
    assert PEM[40:80] not in told
    assert "swordfish" not in told
    assert seen == [{"answer": ["token [redacted:jwt]"], "password": "[redacted:password]"}] * 2


async def test_a_secret_that_an_agent_writes_in_pieces_is_not_shown() -> None:
    text = "\n".join(f"Here is one: {each} - and on." for each in TEXTS)

    async def work(plan: PlanContext) -> Report:
        async with plan.stream("a") as stream:
            for begin in range(0, len(text), 7):
                await stream.write(text[begin : begin + 7])
        return Report("done", "done")

    plan = PlanInMemory(work)
    await plan.to_its_end()
    live = "".join(chunk["content"] for chunk in plan.live.chunks)
    stored = next(each["content"] for each in plan.messages if each["type"] == "agent_message")
    assert live == stored
    for secret in (*SECRETS, *(secret for _, _, secret in IN_CONTEXT)):
        assert secret not in live
