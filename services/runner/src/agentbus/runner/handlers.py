"""What each command does, once each, however often it is delivered.

Order everywhere: validate, deduplicate, publish (which is the state change), return; the offset is committed
after that. Called by `subscribers`.
"""

from collections.abc import Mapping
from datetime import datetime

from agentbus.contracts.commands import (
    AddMessage,
    AnswerClarification,
    ApprovePlan,
    CancelPlan,
    Command,
    PlanCommand,
    StartPlan,
)
from agentbus.contracts.timestamps import parse_timestamp
from agentbus.observability.log import get_logger
from agentbus.observability.secrets.value import redacted_model
from agentbus.runner.drafts import Draft
from agentbus.runner.instruments import COMMANDS
from agentbus.runner.journal import named_or_oldest
from agentbus.runner.ownership import Ownership
from agentbus.runner.plan_run import PlanRun

log = get_logger(__name__)


async def handle(command: Command, partition: int, appended_at: datetime, *, ownership: Ownership) -> None:
    """Does what `command` asks; `appended_at` is when the broker took it. Raises Transient: call again."""
    match command:
        case StartPlan():
            outcome = await _start(command, partition, appended_at, ownership)
        case AddMessage():
            outcome = await _add_message(command, partition, ownership)
        case ApprovePlan() | AnswerClarification() | CancelPlan():
            run = ownership.running(partition, command.plan_id)
            outcome = await _tell(command, run) if run is not None else "not_in_flight"
    COMMANDS.labels(command.type, outcome).inc()
    log.info("command", type=command.type, plan_id=command.plan_id, outcome=outcome)


async def _start(command: StartPlan, partition: int, appended_at: datetime, ownership: Ownership) -> str:
    if appended_at > parse_timestamp(command.expires_at):
        return "void"
    # Its writer has done so too; this keeps the plan's record clean whoever wrote it.
    start = redacted_model(command, keep=PlanCommand.model_fields)
    return "started" if await ownership.start(partition, start, appended_at) else "duplicate"


async def _tell(command: ApprovePlan | AnswerClarification | CancelPlan, run: PlanRun) -> str:
    if command.command_id in run.log.journal.command_ids:
        return "duplicate"
    match command:
        case ApprovePlan():
            return await _approve(command, run)
        case AnswerClarification():
            return await _answer(command, run)
        case CancelPlan():
            await run.cancel(command.reason)
            return "canceled"


async def _approve(command: ApprovePlan, run: PlanRun) -> str:
    m_plan_id = named_or_oldest(run.log.journal.open_approvals, command.m_plan_id)
    if m_plan_id is None:
        return "nothing_to_approve"
    payload = {
        "m_plan_id": m_plan_id,
        "approved": command.approved,
        "feedback": command.feedback,
        "command_id": command.command_id,
    }
    content = command.feedback or ("Approved." if command.approved else "Rejected.")
    await _publish_human(run, "plan_approval_response", command, content, payload)
    return "approved" if command.approved else "rejected"


async def _answer(command: AnswerClarification, run: PlanRun) -> str:
    request_id = named_or_oldest(run.log.journal.open_questions, command.request_id)
    if request_id is None:
        return "nothing_to_answer"
    payload = {"request_id": request_id, "answer": command.answer, "command_id": command.command_id}
    await _publish_human(run, "user_clarification_response", command, command.answer, payload)
    return "answered"


async def _publish_human(
    run: PlanRun,
    kind: str,
    command: ApprovePlan | AnswerClarification,
    content: str,
    payload: Mapping[str, object],
) -> None:
    metadata = {"command_id": command.command_id}
    await run.log.publish(Draft(kind, command.user_id, "human", content, payload, metadata=metadata))
    await run.execution.decided()


async def _add_message(command: AddMessage, partition: int, ownership: Ownership) -> str:
    run = ownership.running(partition, command.plan_id)
    plan_log = run.log if run is not None else await ownership.ended_log(partition, command.plan_id)
    if plan_log is None:
        return "unknown_plan"
    if command.command_id in plan_log.journal.command_ids:
        return "duplicate"
    payload = {
        "is_final": command.is_final,
        "raw_data": command.raw_data,
        "streaming_message": command.streaming_message,
    }
    await plan_log.publish(
        Draft(
            "agent_message",
            command.agent_name,
            command.agent_type,
            command.content,
            payload,
            metadata={"command_id": command.command_id, "sent_by": command.user_id},
        )
    )
    # The next command for a plan that has ended reads its place from the log: this one must be there by then.
    if run is None:
        await plan_log.on_the_bus()
    return "added"
