"""Which messages of a plan's log count: the acceptance rule that every consumer applies.

A runner that was cut off may go on publishing for a while after another took its plan over. Walking a
partition in offset order, all consumers come to the same verdict on every message, without asking anyone:

- a message of an older attempt than the newest accepted one is **stale**;
- a message at or below the last accepted `seq` is a **duplicate** (first one on the log wins);
- any other is accepted; if it skips numbers, that is told as a **gap**.

Called by the persister, the gateway, the plan service, telemetry, and the runner when it reads its log back.
"""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What the rule says of one message."""

    ACCEPTED = "accepted"
    GAP = "gap"
    DUPLICATE = "duplicate"
    STALE = "stale"

    @property
    def accepted(self) -> bool:
        """Whether the message counts."""
        return self in (Verdict.ACCEPTED, Verdict.GAP)


@dataclass
class PlanSequence:
    """Where one plan's log stands: the last accepted `seq` (0 before the first) and its `attempt`."""

    last_seq: int = 0
    attempt: int = 0

    def judge(self, seq: int, attempt: int) -> Verdict:
        """Returns the verdict on a message, without taking it in."""
        if attempt < self.attempt:
            return Verdict.STALE
        if seq <= self.last_seq:
            return Verdict.DUPLICATE
        return Verdict.ACCEPTED if seq == self.last_seq + 1 else Verdict.GAP

    def accept(self, seq: int, attempt: int) -> Verdict:
        """Returns the verdict on the next message of the log, and moves on when it counts."""
        verdict = self.judge(seq, attempt)
        if verdict.accepted:
            self.last_seq, self.attempt = seq, attempt
        return verdict
