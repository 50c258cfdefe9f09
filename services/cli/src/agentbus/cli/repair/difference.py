"""What `agentbus verify` finds: differences between the log and the database, and what was looked at.

Read by the command line, by `agentbus rebuild`, and by the fault campaign.
"""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """How the database, or the log itself, is not as it should be."""

    MISSING = "missing"
    """The log has these messages and the consumer is past them; the database lacks them."""

    ALTERED = "altered"
    """A stored message does not equal the log's, field by field, or has another `_id`."""

    DOUBLED = "doubled"
    """A further document stands for a message that is stored."""

    FOREIGN = "foreign"
    """Documents of messages that the log does not have."""

    GAP = "gap"
    """The log itself skips these numbers."""

    UNACCOUNTED = "unaccounted"
    """A record that holds no message, that the consumer is past, and that is in no dead letter."""

    PLAN_MISSING = "plan_missing"
    """The plan's messages are stored; its document is not there."""

    PLAN_ALTERED = "plan_altered"
    """The plan's document is not what its messages tell."""

    PLAN_FOREIGN = "plan_foreign"
    """A plan's document of which the log has no message."""


@dataclass(frozen=True)
class Difference:
    """One finding: about messages `first_seq` to `last_seq` of a plan, or (both None) its document."""

    kind: Kind
    plan_id: str
    first_seq: int | None = None
    last_seq: int | None = None
    detail: str = ""

    @property
    def messages(self) -> int:
        """How many messages it is about."""
        return 0 if self.first_seq is None or self.last_seq is None else self.last_seq - self.first_seq + 1

    @property
    def seqs(self) -> str:
        """The messages as people write them: 7, or 7-12; empty for a plan's document."""
        if self.first_seq == self.last_seq:
            return "" if self.first_seq is None else str(self.first_seq)
        return f"{self.first_seq}-{self.last_seq}"

    def about(self) -> dict[str, Any]:
        """Returns it as a JSON object."""
        return {**asdict(self), "kind": self.kind.value}


@dataclass
class Report:
    """What was compared, and what differs. Lag and dead letters are told; neither is a difference."""

    plans: int = 0
    messages: int = 0
    """Messages that the log says are to be stored."""

    stored: int = 0
    """Documents that the database has of these plans."""

    unstored: int = 0
    """Messages not stored yet, at offsets that the persister has not committed: lag, not loss."""

    unchecked: int = 0
    """Documents older than what the log still keeps."""

    dead_letters: int = 0
    """Dead letters of the persister that were not put back, of the plans looked at."""

    differences: list[Difference] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether log and database agree."""
        return not self.differences

    def __iadd__(self, other: "Report") -> "Report":
        for name in ("plans", "messages", "stored", "unstored", "unchecked", "dead_letters"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.differences += other.differences
        return self
