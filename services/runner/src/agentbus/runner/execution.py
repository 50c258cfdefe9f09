"""One plan being worked on by its team: the `PlanContext` that the team sees.

What the journal knows from the log is neither said, asked nor done again. Called by `plan_run`.
"""

import asyncio
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import orjson

from agentbus.contracts.identifiers import derived_id
from agentbus.contracts.payloads import Failure, Step
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import AgentbusError
from agentbus.observability.tracing import span
from agentbus.runner.bounds import OUTPUT_LIMIT_BYTES, bound, clean, clean_text
from agentbus.runner.drafts import Draft
from agentbus.runner.errors import ActionFailed, PlanRejected
from agentbus.runner.live_text import LiveTextStream
from agentbus.runner.plan_log import PlanLog
from agentbus.runner.ports import LiveText
from agentbus.runner.suspension import RunningTime
from agentbus.runner.team import Outcome, Work

_action: ContextVar[str | None] = ContextVar("agentbus_action", default=None)


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
        self._open_questions: list[str] = []
        self.open_approval: str | None = None

    def open_question(self, request_id: str) -> str | None:
        """Returns the id of the question that `request_id` names ("": the oldest open one), or None."""
        if request_id:
            return request_id if request_id in self._open_questions else None
        return self._open_questions[0] if self._open_questions else None

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
            self.open_approval = m_plan_id
            await self._until(lambda: m_plan_id in self.log.journal.approvals)
            self.open_approval = None
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
        self._open_questions.append(request_id)
        await self._until(lambda: request_id in self.log.journal.answers)
        self._open_questions.remove(request_id)
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
        given, _ = bound(dict(arguments))
        fingerprint = orjson.dumps(given, option=orjson.OPT_SORT_KEYS).decode()
        action_id = self._next_id("action", _action.get(), agent, tool, fingerprint)
        finished = self.log.journal.finished_actions.get(action_id)
        if finished is not None:
            return _recorded(finished)
        arguments_shown = given if isinstance(given, dict) else {"cut": given}
        draft = {"tool": tool, "arguments": arguments_shown, "step_id": step_id}
        parent = _action.get()
        await self._publish("action_started", agent, f"{tool} started", draft, action_id, parent)
        limit = timeout_seconds or self._action_limit_seconds
        began = self._clock.monotonic()
        token = _action.set(action_id)
        try:
            with span(f"execute_tool {tool}", **_genai(agent, tool)):
                async with asyncio.timeout(limit) as clock:
                    outcome = _as_outcome(await work())
        except Exception as error:
            duration = self._clock.monotonic() - began
            failure = _failure(error, timed_out=clock.expired(), limit_seconds=limit)
            if clock.expired():
                await self._tell_timeout(agent, action_id, failure, limit)
            failed = {
                "tool": tool,
                "error": failure.model_dump(),
                "duration_seconds": duration,
                "step_id": step_id,
            }
            await self._publish("action_failed", agent, failure.message, failed, action_id, parent)
            raise ActionFailed(failure.message, code=failure.code) from error
        finally:
            _action.reset(token)
        return await self._complete(agent, tool, outcome, action_id, parent, step_id, began)

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

    async def decided(self) -> None:
        """Wakes what waits for a person; called when the journal has got an approval or an answer."""
        async with self._decided:
            self._decided.notify_all()

    async def _until(self, done: Callable[[], bool]) -> None:
        if done():
            return
        async with self._time.suspended(), self._decided:
            await self._decided.wait_for(done)

    async def _complete(
        self,
        agent: str,
        tool: str,
        outcome: Outcome,
        action_id: str,
        parent: str | None,
        step_id: str | None,
        began: float,
    ) -> Any:
        result, cut = bound(outcome.value, OUTPUT_LIMIT_BYTES)
        cut = outcome.cut or cut
        duration = self._clock.monotonic() - began
        payload = {
            "tool": tool,
            "result": result,
            "duration_seconds": duration,
            "step_id": step_id,
            "cut": cut.model_dump() if cut else None,
            "usage": dict(outcome.usage) if outcome.usage else None,
        }
        await self._publish(
            "action_completed", agent, f"{tool} completed in {duration:.2f} s", payload, action_id, parent
        )
        return result

    async def _tell_timeout(self, agent: str, action_id: str, failure: Failure, limit_seconds: float) -> None:
        payload = {
            "timeout_type": "action",
            "request_id": action_id,
            "message": failure.message,
            "timeout_duration": limit_seconds,
        }
        await self._publish("timeout_notification", agent, failure.message, payload, action_id)

    async def _publish(
        self,
        kind: str,
        agent: str,
        content: str,
        payload: Mapping[str, Any],
        action_id: str | None = None,
        parent_action_id: str | None = None,
    ) -> None:
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


def _genai(agent: str, tool: str) -> dict[str, Any]:
    return {"gen_ai.operation.name": "execute_tool", "gen_ai.agent.name": agent, "gen_ai.tool.name": tool}


def _as_outcome(value: Any) -> Outcome:
    return value if isinstance(value, Outcome) else Outcome(value)


def _recorded(payload: Mapping[str, Any]) -> Any:
    if (error := payload.get("error")) is not None:
        raise ActionFailed(error["message"], code=error["code"])
    return payload["result"]


def _failure(error: Exception, *, timed_out: bool, limit_seconds: float) -> Failure:
    code = error.code if isinstance(error, AgentbusError) else "tool_error"
    message = str(error) or type(error).__name__
    if timed_out:
        code, message = (
            "action_timeout",
            f"It took longer than its limit of {limit_seconds:g} s and was stopped.",
        )
    stack = "".join(traceback.format_exception(error))
    return Failure(
        code=code, message=clean_text(message)[:4096], type=type(error).__name__, stack=clean(stack[-16_384:])
    )


def _outline(steps: Sequence[Step]) -> str:
    return "\n".join(f"{number}. {step.description} ({step.agent})" for number, step in enumerate(steps, 1))
