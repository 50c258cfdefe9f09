"""A team that says every secret there is, wherever a team can say something. Loaded by `AGENTBUS_TEAMS`."""

from typing import Any

from support.secret_samples import IN_CONTEXT, SHAPED

from agentbus.contracts.payloads import Agent, Step
from agentbus.contracts.payloads import Team as TeamCard
from agentbus.observability.log import get_logger
from agentbus.runner.errors import ActionFailed
from agentbus.runner.team import PlanContext, Report

TEXTS = [
    *(each for many in SHAPED.values() for each in many),
    *(context.format(secret) for _, context, secret in IN_CONTEXT),
]
ALL = "\n".join(f"- {text} -" for text in TEXTS)


class CarelessTeam:
    card = TeamCard(team_id="careless", name="Careless", agents=[Agent(name="worker")])

    async def run(self, plan: PlanContext) -> Report:
        await plan.propose([Step(id="1", description=ALL, agent="worker")], note=ALL)
        await plan.say("worker", ALL, found={text: [text] for text in TEXTS})
        await plan.act("worker", "give", {"given": TEXTS}, self._give)
        try:
            await plan.act("worker", "raise", {}, self._raise)
        except ActionFailed as error:
            get_logger(__name__).warning("action failed: " + error.message, exc_info=error)
        async with plan.stream("worker") as stream:
            for begin in range(0, len(ALL), 11):
                await stream.write(ALL[begin : begin + 11])
        answer = await plan.ask("worker", ALL)
        return Report(f"{ALL} {answer}", ALL)

    async def _give(self) -> dict[str, Any]:
        return {"texts": TEXTS, "password": "correct horse battery staple"}

    async def _raise(self) -> None:
        raise ValueError(ALL)
