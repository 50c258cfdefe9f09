"""A batch of a partition's messages, as what they change in the tables. Pure.

Guarantee: only messages that the acceptance rule takes count (libs/plan `PlanSequence`), each once; where the
log is cut into batches, and how often a record comes, changes nothing. The minute of a figure is that of its
message's own timestamp, so late and out-of-order events count where they belong.

What waiting is: a plan waits from `plan_created` to `plan_started`, and after a take-over from its last
message to `plan_resumed` unless a person was asked; besides, an action's start may say `queue_seconds`. The
next action has this as its queue time. Time for which agents think, and people answer, is no queue time.

Called by `message_writer`, which brings the plans that stand in the tables and writes what changed.
"""

from datetime import datetime, timedelta
from typing import Final

from agentbus.contracts.message import Message
from agentbus.contracts.prices import Prices
from agentbus.plan.projection import TERMINAL_STATUSES, status_after
from agentbus.plan.sequence import Verdict
from agentbus.telemetry.aggregation.cells import Cell, Subject, minute_of
from agentbus.telemetry.aggregation.failures import Occurrence, Place, occurrence
from agentbus.telemetry.aggregation.naming import identifier, name, text
from agentbus.telemetry.aggregation.rows import Action, ActionStatus, Plan, added
from agentbus.telemetry.aggregation.told import arguments_in, between, microseconds, moment, seconds_in
from agentbus.telemetry.aggregation.usage import Usage, usage_in
from agentbus.telemetry.sketch import bin_of

_DESCRIPTION_MAX_CHARACTERS: Final = 500
_WAITS_FOR_PEOPLE: Final = frozenset({"pending_approval", "pending_clarification"})
_ENDS: Final[dict[str, ActionStatus]] = {"action_completed": "completed", "action_failed": "failed"}


class Fold:
    """What one batch changes. `known` are the plans by id, changed in place; new ones are added."""

    def __init__(self, known: dict[str, Plan], partition: int, prices: Prices) -> None:
        self._known = known
        self._partition = partition
        self._prices = prices
        self.plans: dict[str, Plan] = {}
        self.actions: dict[tuple[str, str], Action] = {}
        self.minutes: dict[Subject, Cell] = {}
        self.occurrences: list[Occurrence] = []

    def take(self, message: Message, appended_at: datetime) -> Verdict:
        """Takes the next message of the log in. `appended_at` stands in for a timestamp that is none."""
        at = moment(message, appended_at)
        plan_id = identifier(message.plan_id)
        plan = self._known.get(plan_id)
        if plan is None:
            plan = self._known[plan_id] = self._new(plan_id, message, at)
        verdict = plan.sequence.accept(message.seq, message.attempt)
        if verdict.accepted:
            self.plans[plan_id] = plan
            self._tell(plan, message, at)
        return verdict

    def _new(self, plan_id: str, message: Message, at: datetime) -> Plan:
        return Plan(
            plan_id=plan_id,
            workspace_id=identifier(message.workspace_id),
            user_id=identifier(message.user_id),
            session_id=identifier(message.session_id),
            partition=self._partition,
            last_at=at,
            trace_id=message.trace_id,
        )

    def _tell(self, plan: Plan, message: Message, at: datetime) -> None:
        kind = message.type
        if kind == "action_started":
            self._start(plan, message, at)
        elif kind in _ENDS:
            self._end(plan, message, at)
        elif kind == "plan_created":
            _created(plan, message, at)
        elif kind == "plan_started":
            plan.queue_us += between(plan.created_at, at) if plan.started_at is None else 0
            plan.started_at = plan.started_at or at
        elif kind == "plan_resumed":
            plan.queue_us += 0 if plan.status in _WAITS_FOR_PEOPLE else between(plan.last_at, at)
            self._stop_running(plan, at)
        status = status_after(plan.status, {"type": kind, "payload": message.payload})
        if status in TERMINAL_STATUSES and plan.status not in TERMINAL_STATUSES:
            self._over(plan, message, at)
        plan.status = status
        plan.messages += 1
        plan.last_at, plan.last_type = at, kind

    def _start(self, plan: Plan, message: Message, at: datetime) -> None:
        if not message.action_id or plan.status in TERMINAL_STATUSES:
            return
        action = _action(plan, message, at)
        action.started_seq = message.seq
        action.input, action.input_bytes = arguments_in(message.payload.get("arguments"))
        action.queue_us = plan.queue_us + microseconds(message.payload.get("queue_seconds"))
        plan.queue_us = 0
        plan.running[action.action_id] = action
        self._changed(action)

    def _end(self, plan: Plan, message: Message, at: datetime) -> None:
        action = plan.running.pop(identifier(message.action_id or ""), None)
        seconds = seconds_in(message.payload.get("duration_seconds"))
        if action is None:
            action = _action(plan, message, at - timedelta(seconds=seconds or 0.0))
        elif seconds is None:
            seconds = between(action.started_at, at) / 1e6
        action.status = _ENDS[message.type]
        action.agent, action.tool = name(message.agent_name), name(message.payload.get("tool"))
        action.ended_at, action.ended_seq, action.seconds = at, message.seq, seconds
        usage = usage_in(message.payload, at.date(), self._prices)
        action.model, action.cost_usd = usage.model, usage.cost_usd
        action.input_tokens, action.output_tokens = usage.input_tokens, usage.output_tokens
        failed = action.status == "failed"
        if failed:
            place = Place(
                plan.workspace_id, plan.plan_id, at, action.action_id or None, action.tool, action.input
            )
            action.error_fingerprint = self._occurred(plan, message, place)
        else:
            action.input = None
        _count(plan, usage, failed=failed)
        self._cell(action, at).add(_cell(action, usage))
        self._changed(action)

    def _over(self, plan: Plan, message: Message, at: datetime) -> None:
        plan.ended_at = at
        self._stop_running(plan, at)
        if message.type == "plan_failed" and message.payload.get("error"):
            again = occurrence(message, Place(plan.workspace_id, plan.plan_id, at))
            if again.fingerprint != plan.error_fingerprint:
                plan.error_fingerprint = again.fingerprint
                self.occurrences.append(again)

    def _occurred(self, plan: Plan, message: Message, place: Place) -> str:
        found = occurrence(message, place)
        plan.error_fingerprint = found.fingerprint
        self.occurrences.append(found)
        return found.fingerprint

    def _stop_running(self, plan: Plan, at: datetime) -> None:
        for action in plan.running.values():
            action.status, action.ended_at = "stopped", at
            self._changed(action)
        plan.running.clear()

    def _cell(self, action: Action, at: datetime) -> Cell:
        subject = Subject(
            minute_of(at),
            action.workspace_id,
            action.team_id,
            action.agent,
            action.agent_type,
            action.tool,
            action.model,
        )
        return self.minutes.setdefault(subject, Cell())

    def _changed(self, action: Action) -> None:
        if action.action_id:
            self.actions[action.plan_id, action.action_id] = action


def _created(plan: Plan, message: Message, at: datetime) -> None:
    plan.created_at = at
    plan.description = text(message.payload.get("description"), _DESCRIPTION_MAX_CHARACTERS)
    team = message.payload.get("team")
    plan.team_id = name(team.get("team_id")) if isinstance(team, dict) else ""


def _action(plan: Plan, message: Message, at: datetime) -> Action:
    parent = message.parent_action_id
    return Action(
        plan_id=plan.plan_id,
        action_id=identifier(message.action_id or ""),
        workspace_id=plan.workspace_id,
        team_id=plan.team_id,
        parent_action_id=identifier(parent) if parent else None,
        agent=name(message.agent_name),
        agent_type=name(message.agent_type),
        tool=name(message.payload.get("tool")),
        step_id=name(message.payload.get("step_id")) or None,
        status="running",
        attempt=message.attempt,
        started_at=at,
        trace_id=message.trace_id,
        span_id=message.span_id,
    )


def _count(plan: Plan, usage: Usage, *, failed: bool) -> None:
    plan.actions += 1
    plan.failures += failed
    plan.input_tokens += usage.input_tokens
    plan.output_tokens += usage.output_tokens
    plan.cost_usd = added(plan.cost_usd, usage.cost_usd)
    plan.unpriced_tokens += usage.unpriced_tokens


def _cell(action: Action, usage: Usage) -> Cell:
    seconds = action.seconds
    return Cell(
        executions=1,
        failures=int(action.status == "failed"),
        microseconds=0 if seconds is None else round(seconds * 1e6),
        seconds_max=seconds or 0.0,
        queue_us=action.queue_us,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_usd=usage.cost_usd,
        unpriced_tokens=usage.unpriced_tokens,
        bins={} if seconds is None else {bin_of(seconds): 1},
    )
