"""What a plan's log says has happened already, so that a plan that is run again repeats nothing.

Built from the plan's accepted messages, by the runner that takes the plan over and while it runs the plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agentbus.contracts.message import TERMINAL_TYPES
from agentbus.plan.sequence import PlanSequence, Verdict


@dataclass
class Journal:
    """The memory of one plan: `keys` are its messages' `metadata.key` (see `PlanLog`), `claim` is the
    `metadata.claim` of the newest attempt's first message (see `Ownership`), `resumptions` how often in a row
    the plan was gone on with and got no further, waiting for people apart.
    """

    sequence: PlanSequence = field(default_factory=PlanSequence)
    finished_actions: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    approvals: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    open_approvals: list[str] = field(default_factory=list)
    open_questions: list[str] = field(default_factory=list)
    command_ids: set[str] = field(default_factory=set)
    claim: str | None = None
    resumptions: int = 0
    ended: bool = False

    def take(self, message: Mapping[str, Any]) -> Verdict:
        """Takes in the next message of the log, if it counts; returns the verdict on it."""
        verdict = self.sequence.accept(message["seq"], message["attempt"])
        if verdict.accepted:
            self._remember(message)
        return verdict

    def _remember(self, message: Mapping[str, Any]) -> None:
        kind, payload = message["type"], message["payload"]
        if kind != "plan_resumed":
            self.resumptions = 0
        elif not self.open_approvals and not self.open_questions:
            self.resumptions += 1
        if (key := message["metadata"].get("key")) is not None:
            self.keys.add(key)
        self.claim = message["metadata"].get("claim", self.claim)
        if (command_id := message["metadata"].get("command_id")) is not None:
            self.command_ids.add(command_id)
        if kind in ("action_completed", "action_failed"):
            self.finished_actions[message["action_id"]] = payload
        elif kind == "plan_approval_request":
            self.open_approvals.append(payload["m_plan_id"])
        elif kind == "plan_approval_response":
            self.approvals[payload["m_plan_id"]] = payload
            _close(self.open_approvals, payload["m_plan_id"])
        elif kind == "user_clarification_request":
            self.open_questions.append(payload["request_id"])
        elif kind == "user_clarification_response":
            self.answers[payload["request_id"]] = payload["answer"]
            _close(self.open_questions, payload["request_id"])
        elif kind in TERMINAL_TYPES:
            self.ended = True


def named_or_oldest(open_ids: list[str], wanted: str) -> str | None:
    """Returns the open request that `wanted` names ("" names the oldest), or None when there is none such."""
    if wanted:
        return wanted if wanted in open_ids else None
    return open_ids[0] if open_ids else None


def _close(open_ids: list[str], answered: str) -> None:
    if answered in open_ids:
        open_ids.remove(answered)
