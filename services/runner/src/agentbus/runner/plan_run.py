"""The life of one plan on this runner, from its first action here to its end on the log.

Whatever the team does, the plan ends with one `final_result_message` and one terminal message, unless it is
stopped to go on elsewhere. The team works in a task of its own: one that raises anything, leaves the program,
swallows its cancellation or never stops holds up neither its end nor the runner. Called by `ownership`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from traceback import StackSummary
from types import FrameType
from typing import Any, Final

from agentbus.contracts.payloads import Failure
from agentbus.kernel.errors import Transient
from agentbus.observability import genai
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
_CANCELLATIONS: Final = 5
_PATIENCE_SECONDS: Final = 1.0
"""How long a team has after each of its cancellations; after the last it is left to itself."""


@dataclass(frozen=True)
class _Ending:
    """How the plan ends: the last word of its status, what people read, and why it failed."""

    status: str
    report: Report
    failure: Failure | None = None


class PlanRun:
    """Runs a plan's team once, in a task of its own. Made inside a running event loop."""

    def __init__(
        self,
        execution: Execution,
        time: RunningTime,
        team: Callable[[], Team],
        on_end: Callable[["PlanRun"], Awaitable[None]],
        *,
        max_resumptions: int = 10,
    ) -> None:
        self.execution = execution
        self.log = execution.log
        self._time = time
        self._team = team
        self._on_end = on_end
        self._max_resumptions = max_resumptions
        self._canceled: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._told = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def begin(self) -> None:
        """Begins to run the plan."""
        self._task = asyncio.create_task(self._run(), name=f"plan {self.log.start.plan_id}")
        self._task.add_done_callback(self._over)

    async def stop(self) -> None:
        """Stops without a word on the log: the plan goes on elsewhere, or here after a restart.

        What was said before is in the outbox when this returns; from now on `log.publish` raises Transient.
        """
        self.log.close()
        if self._task is not None:
            if not self._stopping:
                self._stopping = True
                self._task.cancel()
            await asyncio.wait([self._task])
        await self.log.settled()

    async def cancel(self, reason: str) -> None:
        """Ends the plan as canceled; returns when the log says that it ended, in this way or another.

        Raises Transient when the plan was stopped here before that: whoever goes on with it must be told.
        """
        if not self._canceled.done():
            self._canceled.set_result(reason or "Canceled by the user.")
        await self._told.wait()
        if not self.log.journal.ended:
            raise Transient("the plan is changing hands", code="plan_moving")

    async def _run(self) -> None:
        start = self.log.start
        about = genai.plan(start.plan_id, start.team_id)
        with PLANS_RUNNING.track_inprogress(), span("invoke_agent", **about):
            if not self.log.journal.ended:
                await self._tell(await self._ending())
        self._told.set()
        await self._on_end(self)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._told.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("plan_run_broken", plan_id=self.log.start.plan_id, exc_info=error)

    async def _ending(self) -> _Ending:
        """Lets the team work until it is done, the user cancels or its time is up.

        A plan that was gone on with too often without getting any further is not tried again: it may be what
        ends the runners.
        """
        if self.log.journal.resumptions > self._max_resumptions:
            return _worn_out(self.log.journal.resumptions)
        work = asyncio.create_task(self._work())
        try:
            ends: list[asyncio.Future[Any]] = [work, self._canceled, self._time.up]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return _ending_of(work)
            if self._canceled.done():
                reason = self._canceled.result()
                return _Ending("canceled", Report(reason, reason))
            return _timed_out(work)
        finally:
            self.execution.close()
            await self._stopped(work)

    async def _work(self) -> Report:
        try:
            async with self._time.running():
                report = await self._team().run(self.execution)
        except SystemExit as error:
            raise RuntimeError("The team tried to end the program.") from error
        if not isinstance(report, Report):
            raise TypeError(f"The team returned no Report but {type(report).__name__}.")
        return Report(str(report.content), str(report.summary))

    async def _stopped(self, work: asyncio.Task[Report]) -> None:
        """Returns when the team's work has stopped, or does not although it was cancelled several times."""
        for _ in range(_CANCELLATIONS):
            work.cancel()
            await asyncio.wait([work], timeout=_PATIENCE_SECONDS)
            if work.done():
                break
        else:
            log.error("team_does_not_stop", plan_id=self.log.start.plan_id, stack=_stack(work))
        # What it still raises is of no interest: how the plan ends is decided.
        work.add_done_callback(lambda each: each.cancelled() or each.exception())

    async def _tell(self, ending: _Ending) -> None:
        if ending.failure is not None:
            code, error = ending.failure.code, ending.failure.message
            log.warning("plan_failed", plan_id=self.log.start.plan_id, code=code, error=error)
        status, report = ending.status, ending.report
        final = {"status": status, "summary": report.summary}
        failure = ending.failure.model_dump() if ending.failure else None
        ended = {"status": status, "reason": report.summary, "error": failure}
        await self.log.publish(
            Draft("final_result_message", content=report.content, payload=final, metadata={"key": "final"})
        )
        await self.log.publish(
            Draft(f"plan_{status}", content=report.summary, payload=ended, metadata={"key": "ended"})
        )


def _ending_of(work: asyncio.Task[Report]) -> _Ending:
    try:
        return _Ending("completed", work.result())
    except PlanRejected as rejection:
        return _Ending("rejected", Report(rejection.message, "The plan was not approved."))
    except asyncio.CancelledError as error:  # nobody here cancelled it
        failure = failure_of(error, "team_error")
        return _failed(failure.model_copy(update={"message": "The team's work was cancelled from within."}))
    except Exception as error:  # noqa: BLE001  whatever a team raises ends its plan, told on the log
        return _failed(failure_of(error, "team_error"))


def _timed_out(work: asyncio.Task[Report]) -> _Ending:
    message = "The plan took longer than its limit and was stopped."
    return _failed(Failure(code="plan_timeout", message=message, type="TimeoutError", stack=_stack(work)))


def _worn_out(resumptions: int) -> _Ending:
    message = f"The plan was gone on with {resumptions} times in a row and got no further: its runner ended."
    return _failed(Failure(code="too_many_resumptions", message=message, type="RunnerLost"))


def _failed(failure: Failure) -> _Ending:
    return _Ending("failed", Report(failure.message, failure.message), failure)


def _stack(work: asyncio.Task[Report]) -> str:
    """Returns where the team's work stands now, as far in as its own awaits go."""
    frames: list[FrameType] = []
    step: Any = work.get_coro()
    while (frame := getattr(step, "cr_frame", None)) is not None:
        frames.append(frame)
        step = step.cr_await
    return "".join(StackSummary.extract((frame, frame.f_lineno) for frame in frames).format())
