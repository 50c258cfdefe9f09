"""What people say to a plan over its socket: approval and answers, as commands on the bus.

An error has changed nothing, except that a command whose acknowledgement got lost may be on the bus: commands
name what they answer, so the client can send it again. Called by `handlers.handle`, which checks the role.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agentbus.bus.codec import encode
from agentbus.contracts.commands import AnswerClarification, ApprovePlan, PlanCommand
from agentbus.contracts.frames import ApprovalData, ClarificationData
from agentbus.contracts.identifiers import new_id
from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.topics import COMMANDS
from agentbus.gateway.access import Badge
from agentbus.gateway.client_frames import approves
from agentbus.gateway.handlers import Command, valid
from agentbus.gateway.model import Question
from agentbus.gateway.ports import Commands
from agentbus.kernel.clock import Clock
from agentbus.observability.secrets.value import redacted_model
from agentbus.observability.tracing import span


@dataclass(frozen=True)
class PlanCommands:
    """What one socket may say to its plan; `question` is what the plan waits for."""

    plan_id: str
    badge: Badge
    bus: Commands
    clock: Clock
    question: Callable[[], Awaitable[Question | None]]

    def by_type(self) -> dict[str, Command]:
        """Returns them by the type of the frame."""
        return {"plan_approval_response": self.approve, "user_clarification_response": self.answer}

    async def approve(self, data: Mapping[str, Any]) -> None:
        """Approves or rejects the plan's steps; what it came to shows as a message of the plan."""
        answer = valid(ApprovalData, data)
        question = await self.question() if not answer.m_plan_id else None
        open_id = question.id if question is not None and question.kind == "approval" else ""
        await self._approve(
            answer.m_plan_id or open_id, approved=answer.approved, feedback=answer.feedback or ""
        )

    async def answer(self, data: Mapping[str, Any]) -> None:
        """Answers the plan's question; OK, YES or APPROVE approve a plan that waits for that instead."""
        answer = valid(ClarificationData, data)
        question = await self.question()
        if question is not None and question.kind == "approval" and approves(answer.answer):
            await self._approve(question.id, approved=True, feedback="")
            return
        open_id = question.id if question is not None and question.kind == "clarification" else ""
        command = AnswerClarification(
            **self._head(), request_id=answer.request_id or open_id, answer=answer.answer
        )
        await self._send(command, command.type)

    async def _approve(self, m_plan_id: str, *, approved: bool, feedback: str) -> None:
        command = ApprovePlan(**self._head(), m_plan_id=m_plan_id, approved=approved, feedback=feedback)
        await self._send(command, command.type)

    def _head(self) -> dict[str, Any]:
        who = self.badge.principal
        return {
            "command_id": new_id(),
            "plan_id": self.plan_id,
            "workspace_id": who.workspace_id,
            "user_id": who.user_id,
            "issued_at": format_timestamp(self.clock.now()),
        }

    async def _send(self, command: PlanCommand, name: str) -> None:
        with span(f"say {name}", kind="server", plan_id=self.plan_id):
            said = redacted_model(command, keep=PlanCommand.model_fields)
            await self.bus.send(COMMANDS, self.plan_id, encode(said), schema="command.v1")
