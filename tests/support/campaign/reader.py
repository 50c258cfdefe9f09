"""A program that reads plans over REST while they run, each time from where it left off."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

from support.campaign.plans import AWAY, Plans

EVERY_SECONDS = 0.3


class PlanReader:
    """Reads one plan after the other; what an answer left out or repeated is counted."""

    def __init__(self, plans: Plans, plan_ids: Sequence[str], chances: random.Random) -> None:
        self.repeated = 0
        self.skipped = 0
        self.statuses: Counter[int] = Counter()
        self.problems: list[str] = []
        self._plans = plans
        self._plan_ids = plan_ids
        self._chances = chances
        self._last_seqs: dict[str, int] = {}

    @property
    def answered(self) -> bool:
        """Whether it read anything yet."""
        return self.statuses[200] > 0

    async def follow(self) -> None:
        """Reads until it is cancelled."""
        while True:
            await self._read(self._chances.choice(self._plan_ids))
            await asyncio.sleep(EVERY_SECONDS)

    async def _read(self, plan_id: str) -> None:
        last_seq = self._last_seqs.get(plan_id, 0)
        try:
            answer = await self._plans.read(plan_id, last_seq)
        except AssertionError:
            return
        self.statuses[answer.status_code] += 1
        if answer.status_code == 200:
            self._take(plan_id, last_seq, [message["seq"] for message in answer.json()["messages"]])
        elif answer.status_code not in AWAY and not (answer.status_code == 404 and not last_seq):
            self.problems.append(f"a reader was answered {answer.status_code}: {answer.text[:200]}")

    def _take(self, plan_id: str, last_seq: int, seqs: list[int]) -> None:
        for seq in seqs:
            if seq <= last_seq:
                self.repeated += 1
            else:
                self.skipped += seq - last_seq - 1
                last_seq = seq
        self._last_seqs[plan_id] = last_seq
