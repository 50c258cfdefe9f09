"""One plan's log as its runner writes it: gap-free `seq`, deterministic ids, durable before it returns.

Every message of a plan goes through here. Called by the plan's execution and by the command handlers.
"""

import asyncio
import logging
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

from agentbus.contracts import topics
from agentbus.contracts.commands import StartPlan
from agentbus.contracts.identifiers import message_id
from agentbus.contracts.message import SCHEMA_VERSION
from agentbus.contracts.payloads import CLIENT_FIELDS, PAYLOADS, Payload
from agentbus.contracts.timestamps import format_timestamp
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.clock import Clock
from agentbus.kernel.errors import Transient
from agentbus.observability.log import get_logger
from agentbus.observability.tracing import trace_and_span_ids
from agentbus.runner.bounds import bound, clean, clean_text, publishable
from agentbus.runner.drafts import Draft
from agentbus.runner.journal import Journal
from agentbus.runner.ports import MessageOutbox

log = get_logger(__name__)
_SETTLE_SECONDS: Final = 2.0
_FAILED_HERE: Final = {"service": "runner", "version": version("agentbus-runner")}
"""What is told of an error beside it: which code it came from (C2)."""

_RETRY: Final = Backoff(first_seconds=0.05, limit_seconds=2.0)


class PlanLog:
    """Writes one plan's messages, one after the other."""

    def __init__(
        self, start: StartPlan, journal: Journal, attempt: int, outbox: MessageOutbox, clock: Clock
    ) -> None:
        self.start = start
        self.journal = journal
        self.attempt = attempt
        self._outbox = outbox
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._writing: set[asyncio.Task[dict[str, Any]]] = set()
        self._closed = False

    async def publish(self, draft: Draft) -> dict[str, Any]:
        """Gives the draft its place in the plan and makes it durable here; the bus follows by itself.

        A draft whose `metadata.key` is in the journal was published before: nothing happens then. Returns the
        message ({} for one published before). While the outbox cannot be written, for example on a full disk,
        it waits and tries again. A caller that is cancelled meanwhile does not leave a number half used.
        Raises Transient after `close`, Invalid when the message is larger than the bus takes.
        """
        writing = asyncio.create_task(self._publish(draft))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        return await asyncio.shield(writing)

    def close(self) -> None:
        """The plan is no longer ours: nothing more is written here."""
        self._closed = True

    async def settled(self) -> None:
        """Returns when what was being written is durable here, or cannot be written within 2 s."""
        if self._writing:
            await asyncio.wait(self._writing, timeout=_SETTLE_SECONDS)

    async def on_the_bus(self) -> None:
        """Returns when Kafka has acknowledged everything published so far."""
        await self._outbox.drained()

    async def _publish(self, draft: Draft) -> dict[str, Any]:
        async with self._one_at_a_time:
            if self._closed:
                raise Transient("the plan is changing hands", code="plan_moving")
            if draft.metadata.get("key") in self.journal.keys:
                return {}
            message = self.compose(draft, self.journal.sequence.last_seq + 1)
            await self._append(message)
            self.journal.take(message)
            return message

    def compose(self, draft: Draft, seq: int) -> dict[str, Any]:
        """Returns the message of design.md section 3 that the draft becomes at `seq`."""
        payload = _payload(draft)
        content, cut = bound(draft.content)
        if cut is not None:
            payload["cut"] = cut.model_dump()
        trace_id, span_id = trace_and_span_ids()
        message = {
            "message_id": message_id(self.start.plan_id, seq, self.attempt),
            "plan_id": self.start.plan_id,
            "seq": seq,
            "type": draft.type,
            "agent_name": publishable(draft.agent_name),
            "agent_type": publishable(draft.agent_type),
            "content": content,
            "timestamp": format_timestamp(self._clock.now()),
            "payload": payload,
            "action_id": draft.action_id,
            "parent_action_id": draft.parent_action_id,
            "trace_id": trace_id,
            "span_id": span_id,
            "session_id": publishable(self.start.session_id),
            "workspace_id": clean_text(self.start.workspace_id),
            "user_id": clean_text(self.start.user_id),
            "attempt": self.attempt,
            "metadata": clean(draft.metadata) | (_FAILED_HERE if payload.get("error") else {}),
            "schema_version": SCHEMA_VERSION,
        }
        return message | client_fields(draft.type, payload)

    async def _append(self, message: Mapping[str, Any]) -> None:
        tries = 0
        while True:
            try:
                await self._outbox.append(topics.MESSAGES, self.start.plan_id, message, schema="message.v1")
            except Transient as error:
                tries += 1
                level = logging.ERROR if tries == 1 else logging.DEBUG
                log.log(
                    level, "outbox_unavailable", plan_id=self.start.plan_id, error=error.message, tries=tries
                )
                await asyncio.sleep(_RETRY.delay(tries))
            else:
                return


def client_fields(kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the payload fields that clients of the API family read at the top of a message of this type."""
    return {name: payload[name] for name in CLIENT_FIELDS.get(kind, ()) if name in payload}


def _payload(draft: Draft) -> dict[str, Any]:
    """Returns the payload as its type has it, with each text, and each field that is free, within bounds."""
    model = PAYLOADS.get(draft.type, Payload)
    payload: dict[str, Any] = {}
    cuts: dict[str, Any] = {}
    for name, value in draft.payload.items():
        field, cut = clean_text(name), None
        if isinstance(value, str) or field not in model.model_fields:
            payload[field], cut = bound(value)
        else:
            payload[field] = clean(value)  # bounded by whoever makes it
        if cut is not None:
            cuts[field] = cut.model_dump()
    if cuts:
        payload["cuts"] = cuts
    return model.model_validate(payload).model_dump(mode="json")
