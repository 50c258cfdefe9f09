"""The life of one plan on this runner, from its first action here to its end on the log.

Whatever the team does, the plan ends with one `final_result_message` and one terminal message, unless it is
stopped to go on elsewhere. Called by `ownership`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from agentbus.contracts.payloads import Failure
from agentbus.observability.log import get_logger
from agentbus.observability.tracing import span
from agentbus.runner.action_outcome import failure_of
from agentbus.runner.drafts import Draft
from agentbus.runner.errors import PlanRejected
from agentbus.runner.execution import Execution
from agentbus.runner.instruments import PLANS_RUNNING
from agentbus.runner.suspension import RunningTime
from agentbus.runner.team import Report, Team

log = get_logger(__name__)


class PlanRun:
    """Runs a plan's team once, in a task of its own."""

    def __init__(
        self,
        execution: Execution,
        time: RunningTime,
        team: Callable[[], Team],
        on_end: Callable[["PlanRun"], Awaitable[None]],
    ) -> None:
        self.execution = execution
        self.log = execution.log
        self._time = time
        self._team = team
        self._on_end = on_end
        self._cancel_reason: str | None = None
        self._task: asyncio.Task[None] | None = None
        self._began = asyncio.Event()

    def begin(self) -> None:
        """Begins to run the plan."""
        self._task = asyncio.create_task(self._run(), name=f"plan {self.log.start.plan_id}")

    async def stop(self) -> None:
        """Stops without a word on the log: the plan goes on elsewhere, or here after a restart."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def cancel(self, reason: str) -> None:
        """Ends the plan as canceled; returns when the log says so. A plan that has ended stays as it is."""
        # A task that is cancelled before its first step never runs, so it could not say how it ended.
        await self._began.wait()
        if self._cancel_reason is None and not self.log.journal.ended and self._task is not None:
            self._cancel_reason = reason or "Canceled by the user."
            self._task.cancel()
        while not self.log.journal.ended and self._task is not None and not self._task.done():
            await asyncio.wait([self._task], timeout=0.05)

    async def _run(self) -> None:
        self._began.set()
        attributes: dict[str, Any] = {"gen_ai.conversation.id": self.log.start.plan_id}
        with PLANS_RUNNING.track_inprogress(), span("invoke_agent", **attributes):
            if not self.log.journal.ended:
                await self._work_and_end()
        await self._on_end(self)

    async def _work_and_end(self) -> None:
        try:
            async with self._time.running():
                report = await self._team().run(self.execution)
        except asyncio.CancelledError:
            if self._cancel_reason is None:
                raise
            await self._end("canceled", Report(self._cancel_reason, self._cancel_reason))
        except PlanRejected as rejection:
            await self._end("rejected", Report(rejection.message, "The plan was not approved."))
        except Exception as error:  # noqa: BLE001  whatever a team raises ends its plan, told on the log
            failure = self._failure(error)
            log.warning(
                "plan_failed", plan_id=self.log.start.plan_id, code=failure.code, error=failure.message
            )
            await self._end("failed", Report(failure.message, failure.message), failure)
        else:
            await self._end("completed", report)

    def _failure(self, error: Exception) -> Failure:
        failure = failure_of(error, "team_error")
        if not self._time.expired:
            return failure
        message = "The plan took longer than its limit and was stopped."
        return failure.model_copy(update={"code": "plan_timeout", "message": message})

    async def _end(self, status: str, report: Report, failure: Failure | None = None) -> None:
        final = {"status": status, "summary": report.summary}
        ended = {
            "status": status,
            "reason": report.summary,
            "error": failure.model_dump() if failure else None,
        }
        await self.log.publish(
            Draft("final_result_message", content=report.content, payload=final, metadata={"key": "final"})
        )
        await self.log.publish(
            Draft(f"plan_{status}", content=report.summary, payload=ended, metadata={"key": "ended"})
        )
