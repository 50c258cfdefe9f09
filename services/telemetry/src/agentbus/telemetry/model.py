"""What telemetry remembers of the plans on one partition, and what each message changes in the figures.

Guarantee: the figures follow the accepted log. A message that comes again, or from a runner that was cut
off, changes nothing (libs/plan `PlanSequence`); what a plan's end, a take-over or the loss of the partition
stops is no longer in flight. Memory is bounded: ended plans are forgotten first, then those idle longest.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from agentbus.contracts.message import Message
from agentbus.plan.projection import TERMINAL_STATUSES, status_after
from agentbus.plan.sequence import PlanSequence, Verdict
from agentbus.telemetry.labels import BoundedPairs, Pair
from agentbus.telemetry.ports import Figures

RUNNING_ACTIONS_PER_PLAN: Final = 1_000


@dataclass
class _Plan:
    """One plan; `status` is empty while only its middle was seen."""

    sequence: PlanSequence = field(default_factory=PlanSequence)
    status: str = ""
    running: dict[str, Pair] = field(default_factory=dict)


class Ledger:
    """The plans of one partition. Feed it the partition's messages in offset order."""

    def __init__(self, figures: Figures, pairs: BoundedPairs, *, open_limit: int, ended_limit: int) -> None:
        self._figures = figures
        self._pairs = pairs
        self._open_limit = open_limit
        self._ended_limit = ended_limit
        self._open: OrderedDict[str, _Plan] = OrderedDict()
        self._ended: OrderedDict[str, _Plan] = OrderedDict()

    def take(self, message: Message, *, counted: bool = True) -> Verdict:
        """Takes in one message; returns what the acceptance rule says of it.

        With `counted` false only what is in flight changes: for messages that were counted before.
        """
        plan = self._ended.get(message.plan_id) or self._open.get(message.plan_id) or _Plan()
        verdict = _judge(plan, message)
        if counted:
            self._figures.judged(verdict)
        if not verdict.accepted:
            return verdict
        if counted:
            self._figures.message(message.type)
        self._action(plan, message, counted=counted)
        self._status(plan, message, counted=counted)
        self._keep(message.plan_id, plan)
        return verdict

    def clear(self) -> None:
        """Forgets everything: the partition has gone to another instance, which counts it from now on."""
        for plan in self._open.values():
            self._close(plan)
        self._open.clear()
        self._ended.clear()

    def _action(self, plan: _Plan, message: Message, *, counted: bool) -> None:
        if message.type == "plan_resumed":
            self._stop_actions(plan)
        if message.type == "action_started" and message.action_id and plan.status not in TERMINAL_STATUSES:
            self._start_action(plan, message.action_id, self._pair(message))
        if message.type in ("action_completed", "action_failed"):
            self._stop_action(plan, message.action_id or "")
            if counted:
                failed = message.type == "action_failed"
                self._figures.executed(self._pair(message), _seconds(message), failed=failed)

    def _pair(self, message: Message) -> Pair:
        return self._pairs.of(message.agent_name, message.payload.get("tool"))

    def _start_action(self, plan: _Plan, action_id: str, pair: Pair) -> None:
        self._stop_action(plan, action_id)
        if len(plan.running) >= RUNNING_ACTIONS_PER_PLAN:
            self._stop_action(plan, next(iter(plan.running)))
        plan.running[action_id] = pair
        self._figures.running(pair, 1)

    def _stop_action(self, plan: _Plan, action_id: str) -> None:
        pair = plan.running.pop(action_id, None)
        if pair is not None:
            self._figures.running(pair, -1)

    def _stop_actions(self, plan: _Plan) -> None:
        for action_id in list(plan.running):
            self._stop_action(plan, action_id)

    def _status(self, plan: _Plan, message: Message, *, counted: bool) -> None:
        status = status_after(plan.status, {"type": message.type, "payload": message.payload})
        if status != plan.status:
            self._open_plans(plan.status, -1)
            plan.status = status
            self._open_plans(status, 1)
            if counted:
                self._figures.reached(status)

    def _open_plans(self, status: str, change: int) -> None:
        if status and status not in TERMINAL_STATUSES:
            self._figures.open_plans(status, change)

    def _keep(self, plan_id: str, plan: _Plan) -> None:
        ended = plan.status in TERMINAL_STATUSES
        if ended:
            self._stop_actions(plan)
            self._open.pop(plan_id, None)
        kept = self._ended if ended else self._open
        kept[plan_id] = plan
        kept.move_to_end(plan_id)
        if len(self._ended) > self._ended_limit:
            self._ended.popitem(last=False)
        if len(self._open) > self._open_limit:
            self._close(self._open.popitem(last=False)[1])
            self._figures.forgotten()

    def _close(self, plan: _Plan) -> None:
        self._stop_actions(plan)
        self._open_plans(plan.status, -1)


def _judge(plan: _Plan, message: Message) -> Verdict:
    first_seen = plan.sequence.last_seq == 0
    verdict = plan.sequence.accept(message.seq, message.attempt)
    # Not a hole in the log: we only join in the middle.
    return Verdict.ACCEPTED if first_seen and verdict is Verdict.GAP else verdict


def _seconds(message: Message) -> float | None:
    seconds = message.payload.get("duration_seconds")
    if isinstance(seconds, int | float) and math.isfinite(seconds) and seconds >= 0:
        return float(seconds)
    return None
