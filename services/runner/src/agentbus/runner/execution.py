"""One plan being worked on by its team: the `PlanContext` that the team sees.

What the journal knows from the log is neither said, asked nor done again. Called by `plan_run`.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from agentbus.contracts.identifiers import derived_id
from agentbus.contracts.payloads import Failure, Step
from agentbus.kernel.clock import Clock
from agentbus.observability import genai
from agentbus.observability.tracing import span
from agentbus.runner.action_outcome import as_outcome, failure_of, recorded
from agentbus.runner.bounds import bound
from agentbus.runner.drafts import Draft
from agentbus.runner.errors import ActionFailed, PlanRejected
from agentbus.runner.live_text import LiveTextStream
from agentbus.runner.plan_log import PlanLog
from agentbus.runner.ports import LiveText
from agentbus.runner.suspension import RunningTime
from agentbus.runner.team import Outcome, Work

_action: ContextVar[str | None] = ContextVar("agentbus_action", default=None)


@dataclass(frozen=True)
class _Action:
    """An action under way; `began` is monotonic, in seconds."""

    action_id: str
    parent_id: str | None
    agent: str
    tool: str
    step_id: str | None
    began: float


class Execution:
    """A plan, as its team sees it."""

    def __init__(
        self, log: PlanLog, live: LiveText, time: RunningTime, clock: Clock, *, action_limit_seconds: float
    ) -> None:
        self.log = log
        self._live = live
        self._time = time
        self._clock = clock
        self._action_limit_seconds = action_limit_seconds
        self._occurrences: Counter[str] = Counter()
        self._decided = asyncio.Condition()
        self._closed = False

    @property
    def plan_id(self) -> str:
        """The plan's id."""
        return self.log.start.plan_id

    @property
    def goal(self) -> str:
        """What the user asked for."""
        return self.log.start.description

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What came with the goal."""
        return self.log.start.inputs

    async def propose(self, steps: Sequence[Step], **context: Any) -> str:
        """Publishes the steps and waits for approval where the user wants that; returns the feedback."""
        listed = [step.model_dump(mode="json") for step in steps]
        feedback = ""
        if self.log.start.require_hitl:
            m_plan_id = self._next_id("m_plan")
            payload = {"m_plan_id": m_plan_id, "steps": listed, "context": context}
            await self._publish("plan_approval_request", "planner", _outline(steps), payload)
            await self._until(lambda: m_plan_id in self.log.journal.approvals)
            approval = self.log.journal.approvals[m_plan_id]
            feedback = str(approval.get("feedback", ""))
            if not approval["approved"]:
                raise PlanRejected(feedback or "The plan was not approved.")
        await self._publish("plan_started", "planner", _outline(steps), {"steps": listed})
        return feedback

    async def say(self, agent: str, content: str, **payload: Any) -> None:
        """Publishes an `agent_message`."""
        await self._publish("agent_message", agent, content, payload)

    async def ask(self, agent: str, question: str) -> str:
        """Asks the user and waits for the answer."""
        request_id = self._next_id("question", agent)
        payload = {"request_id": request_id, "question": question}
        await self._publish("user_clarification_request", agent, question, payload)
        await self._until(lambda: request_id in self.log.journal.answers)
        return self.log.journal.answers[request_id]

    async def act(
        self,
        agent: str,
        tool: str,
        arguments: Mapping[str, Any],
        work: Work,
        *,
        step_id: str | None = None,
        timeout_seconds: float | None = None,
    ) -> Any:
        """Does `work` as an action, or gives what the log says that it gave before."""
        given, cut = bound(dict(arguments))
        fingerprint = sha256(orjson.dumps(given, option=orjson.OPT_SORT_KEYS)).hexdigest()
        action_id = self._next_id("action", _action.get(), agent, tool, fingerprint)
        finished = self.log.journal.finished_actions.pop(action_id, None)
        if finished is not None:
            return recorded(finished)
        action = _Action(action_id, _action.get(), agent, tool, step_id, self._clock.monotonic())
        about = genai.action(self.plan_id, action_id, agent, tool)
        with span(f"execute_tool {tool}", **about) as current:
            await self._tell(
                action, "action_started", f"{tool} started", arguments={"cut": given} if cut else given
            )
            outcome = await self._outcome(action, work, timeout_seconds or self._action_limit_seconds)
            current.set_attributes(genai.usage(outcome.usage))
            return await self._complete(action, outcome)

    async def _outcome(self, action: _Action, work: Work, limit_seconds: float) -> Outcome:
        """Does the work within its limit; a failure is told, then raised as ActionFailed."""
        token = _action.set(action.action_id)
        try:
            async with asyncio.timeout(limit_seconds) as limit:
                return as_outcome(await work())
        except Exception as error:
            failure = failure_of(error, "tool_error")
            if limit.expired():
                failure = await self._timed_out(action, failure, limit_seconds)
            await self._tell(action, "action_failed", failure.message, error=failure.model_dump())
            raise ActionFailed(failure.message, code=failure.code) from error
        finally:
            _action.reset(token)

    @asynccontextmanager
    async def stream(self, agent: str) -> AsyncIterator[LiveTextStream]:
        """Opens a text that watchers see grow; its end publishes it as one `agent_message`."""
        stream = LiveTextStream(
            self._live, self.log.start, agent, self._next_id("stream", agent), self._clock
        )
        stream.open()
        try:
            yield stream
        finally:
            stream.close()
        await self.say(agent, stream.text, stream_id=stream.stream_id)

    async def progress(self, current_step: int, total_steps: int, agent: str) -> None:
        """Publishes a `progress_update`."""
        payload = {"current_step": current_step, "total_steps": total_steps, "current_agent": agent}
        await self._publish("progress_update", agent, f"Step {current_step} of {total_steps}", payload)

    def close(self) -> None:
        """The plan's end is decided: what the team still does on its own goes nowhere."""
        self._closed = True

    async def decided(self) -> None:
        """Wakes what waits for a person; called when the journal has got an approval or an answer."""
        async with self._decided:
            self._decided.notify_all()

    async def _until(self, done: Callable[[], bool]) -> None:
        if done():
            return
        async with self._time.suspended(), self._decided:
            await self._decided.wait_for(done)

    async def _complete(self, action: _Action, outcome: Outcome) -> Any:
        result, cut = bound(outcome.value)
        cut = outcome.cut or cut
        more = {
            "result": result,
            "cut": cut.model_dump() if cut else None,
            "usage": dict(outcome.usage) if outcome.usage else None,
        }
        await self._tell(action, "action_completed", f"{action.tool} completed", **more)
        return result

    async def _timed_out(self, action: _Action, failure: Failure, limit_seconds: float) -> Failure:
        message = f"It took longer than its limit of {limit_seconds:g} s and was stopped."
        payload = {
            "timeout_type": "action",
            "request_id": action.action_id,
            "message": message,
            "timeout_duration": limit_seconds,
        }
        await self._publish("timeout_notification", action.agent, message, payload, action.action_id)
        return failure.model_copy(update={"code": "action_timeout", "message": message})

    async def _tell(self, action: _Action, kind: str, content: str, **payload: Any) -> None:
        payload |= {"tool": action.tool, "step_id": action.step_id}
        if kind != "action_started":
            payload["duration_seconds"] = self._clock.monotonic() - action.began
            content = f"{content} in {payload['duration_seconds']:.2f} s" if "result" in payload else content
        await self._publish(kind, action.agent, content, payload, action.action_id, action.parent_id)
        # Each action has its value once: from its work, or from the log. A long plan would remember them all.
        self.log.journal.finished_actions.pop(action.action_id, None)

    async def _publish(
        self,
        kind: str,
        agent: str,
        content: str,
        payload: Mapping[str, Any],
        action_id: str | None = None,
        parent_action_id: str | None = None,
    ) -> None:
        if self._closed:
            raise asyncio.CancelledError("the plan has ended")
        around = action_id or _action.get()
        key = self._next_id("message", kind, agent, around)
        await self.log.publish(
            Draft(
                type=kind,
                agent_name=agent,
                agent_type="agent",
                content=content,
                payload=payload,
                action_id=around,
                parent_action_id=parent_action_id,
                metadata={"key": key},
            )
        )

    def _next_id(self, *parts: object) -> str:
        """Returns an id that the same call gets again when the plan is run again: who, what, how often."""
        place = "\x1f".join(str(part) for part in parts)
        self._occurrences[place] += 1
        return derived_id(self.plan_id, place, self._occurrences[place])


def _outline(steps: Sequence[Step]) -> str:
    return "\n".join(f"{number}. {step.description} ({step.agent})" for number, step in enumerate(steps, 1))
