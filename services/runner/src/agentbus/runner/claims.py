"""Claims: how a runner makes a plan its own, whoever else tries the same.

Guarantee: a claim is a message with a new `attempt` that must be the next one on the plan's log (optimistic
concurrency: publish, read back, see who was first); once it is accepted, every reader ignores older
attempts. Many plans are claimed by reading the log once. Called by `ownership`.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agentbus.contracts.commands import StartPlan
from agentbus.contracts.identifiers import new_id
from agentbus.contracts.plan_record import PlanRecord
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import Invalid
from agentbus.observability.log import get_logger
from agentbus.observability.tracing import within
from agentbus.runner.drafts import Draft
from agentbus.runner.journal import Journal
from agentbus.runner.plan_log import PlanLog
from agentbus.runner.ports import MessageOutbox, PlanMessages

log = get_logger(__name__)


@dataclass
class Candidate:
    """A plan that is to be claimed, with what the log says of it so far."""

    record: PlanRecord
    journal: Journal = field(default_factory=Journal)


class Claims:
    """Makes claims; `created` gives the first message of a new plan."""

    def __init__(
        self,
        messages: PlanMessages,
        outbox: MessageOutbox,
        clock: Clock,
        created: Callable[[StartPlan], Draft],
    ) -> None:
        self._messages = messages
        self._outbox = outbox
        self._clock = clock
        self._created = created

    def log_of(self, candidate: Candidate) -> PlanLog:
        """Returns the plan's log, in the attempt that its journal knows."""
        attempt = max(1, candidate.journal.sequence.attempt)
        return PlanLog(candidate.record.start, candidate.journal, attempt, self._outbox, self._clock)

    async def make(self, partition: int, candidates: Sequence[Candidate], position: int) -> list[str]:
        """Claims all plans that have not ended; returns when the log has accepted the claims.

        `position` is the offset up to which the journals know the log; they know it further afterwards.
        Returns the plans whose claim can never be published. Raises Transient when the bus does not answer.
        """
        unclaimable: list[str] = []
        unclaimed = {each.record.start.plan_id: each for each in candidates if not each.journal.ended}
        while unclaimed:
            claims = {plan_id: self._claim_of(candidate) for plan_id, candidate in unclaimed.items()}
            offsets = await self._publish(unclaimed, claims)
            unclaimable += claims.keys() - offsets.keys()
            unclaimed = {plan_id: unclaimed[plan_id] for plan_id in offsets}
            stop = max(offsets.values(), default=position - 1) + 1
            only = next(iter(unclaimed)) if len(unclaimed) == 1 else None
            async for message in self._messages.read(partition, position, stop, only):
                if (candidate := unclaimed.get(message["plan_id"])) is not None:
                    candidate.journal.take(message)
            position = stop
            unclaimed = {
                plan_id: candidate
                for plan_id, candidate in unclaimed.items()
                if not candidate.journal.ended
                and candidate.journal.claim != claims[plan_id]["metadata"]["claim"]
            }
        return unclaimable

    def _claim_of(self, candidate: Candidate) -> dict[str, Any]:
        start, sequence = candidate.record.start, candidate.journal.sequence
        attempt = sequence.attempt + 1
        draft = self._created(start) if sequence.last_seq == 0 else _resumed(attempt)
        draft = replace(draft, metadata={**draft.metadata, "claim": new_id()})
        plan_log = PlanLog(start, candidate.journal, attempt, self._outbox, self._clock)
        with within(candidate.record.traceparent):
            return plan_log.compose(draft, sequence.last_seq + 1)

    async def _publish(
        self, candidates: Mapping[str, Candidate], claims: Mapping[str, dict[str, Any]]
    ) -> dict[str, int]:
        """Publishes the claims, all at once; returns the offsets of those that can be published."""

        async def publish(plan_id: str, claim: Mapping[str, Any]) -> int:
            with within(candidates[plan_id].record.traceparent):
                return await self._messages.publish(plan_id, claim)

        results = await asyncio.gather(
            *(publish(plan_id, claim) for plan_id, claim in claims.items()), return_exceptions=True
        )
        offsets: dict[str, int] = {}
        for plan_id, result in zip(claims, results, strict=True):
            if isinstance(result, int):
                offsets[plan_id] = result
            elif isinstance(result, Invalid):
                log.error("plan_not_claimable", plan_id=plan_id, error=result.message)
            else:
                raise result
        return offsets


def _resumed(attempt: int) -> Draft:
    reason = "The runner that worked on the plan is gone or was cut off."
    return Draft("plan_resumed", content=f"The plan goes on (attempt {attempt}).", payload={"reason": reason})
