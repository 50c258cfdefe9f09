"""What the gateway knows of messages and of a plan's newest part. Pure.

Called by the room (live) and the catch-up (history), so that both come to the same order.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from pydantic import ValidationError

from agentbus.contracts.message import STREAMING_TYPES, Message, StreamingChunk
from agentbus.gateway.memory import Memory
from agentbus.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Question:
    """What a plan waits for a person to say, and the id that the answer names."""

    kind: Literal["approval", "clarification"]
    id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """An accepted message: its place in the plan and its JSON, byte for byte where it came from the log."""

    seq: int
    attempt: int
    type: str
    value: bytes
    asks: Question | None = None


def parse(value: bytes, plan_id: str) -> Entry:
    """Returns the message in a record of `plan_id`; raises Invalid for what no consumer takes."""
    try:
        document = orjson.loads(value)
        message = Message.model_validate(document)
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise Invalid(f"not a message: {error}") from error
    if message.plan_id != plan_id:
        raise Invalid("the record's key is not the message's plan_id")
    return _entry(document, value)


def stored(document: Mapping[str, Any]) -> Entry:
    """Returns a message that the database holds; it was checked when it was written."""
    return _entry(document, orjson.dumps(document))


def chunk_type(value: bytes) -> str:
    """Returns the type of a streaming chunk; raises Invalid for what is none."""
    try:
        chunk = StreamingChunk.model_validate_json(value)
    except ValidationError as error:
        raise Invalid(f"not a streaming chunk: {error}") from error
    if chunk.type not in STREAMING_TYPES:
        raise Invalid(f"not a streaming type: {chunk.type}")
    return chunk.type


def _entry(document: Mapping[str, Any], value: bytes) -> Entry:
    kind = document["type"]
    return Entry(document["seq"], document["attempt"], kind, value, _asks(kind, document["payload"]))


def _asks(kind: str, payload: Mapping[str, Any]) -> Question | None:
    if kind == "plan_approval_request":
        return Question("approval", str(payload.get("m_plan_id", "")))
    if kind == "user_clarification_request":
        return Question("clarification", str(payload.get("request_id", "")))
    return None


ANSWERS = frozenset(
    {"plan_approval_response", "user_clarification_response", "plan_completed", "plan_failed"}
    | {"plan_canceled", "plan_rejected"}
)
"""The types after which nothing is asked any more."""


@dataclass(eq=False)
class Recent:
    """The newest messages of a plan, consecutive as accepted, up to `limit_bytes` of them.

    Counted in `memory`, which may make it forget them; `forget` is also called when nobody needs them.
    """

    limit_bytes: int
    memory: Memory
    after_seq: int = 0
    entries: deque[Entry] = field(default_factory=deque)
    size_bytes: int = 0

    @property
    def last_seq(self) -> int:
        """The newest message that this knows of."""
        return self.entries[-1].seq if self.entries else self.after_seq

    def add(self, entry: Entry) -> None:
        """Takes the next accepted message in, and forgets the oldest ones above the limit."""
        self.entries.append(entry)
        self.size_bytes += len(entry.value)
        while self.size_bytes > self.limit_bytes:
            oldest = self.entries.popleft()
            self.size_bytes -= len(oldest.value)
            self.after_seq = oldest.seq
        self.memory.keep(self, self.size_bytes)

    def forget(self) -> None:
        """Forgets all messages; it still knows the newest `seq`."""
        self.after_seq = self.last_seq
        self.entries.clear()
        self.size_bytes = 0
        self.memory.drop(self)

    def since(self, seq: int) -> list[Entry] | None:
        """Returns all messages after `seq`; None when some of them are forgotten."""
        if seq < self.after_seq:
            return None
        return [entry for entry in self.entries if entry.seq > seq]


@dataclass
class Asked:
    """The question that is open, as far as the messages seen tell; `known` is False before any told."""

    known: bool = False
    question: Question | None = None

    def see(self, entries: Iterable[Entry]) -> None:
        """Takes accepted messages in, in their order."""
        for entry in entries:
            if entry.asks is not None or entry.type in ANSWERS:
                self.known, self.question = True, entry.asks
