"""A watched plan: who watches it, and where its log stands. No waiting in here, so no races either.

Guarantee: a watcher that joined with everything up to a `seq` gets every later accepted message once, in
order, and the streaming chunks of the moment. Called by the hub with live records, by sessions to join.
"""

from collections.abc import Iterable

from agentbus.bus.record import Record
from agentbus.contracts.topics import MESSAGES
from agentbus.gateway import instruments
from agentbus.gateway.audience import Audience
from agentbus.gateway.early import Early
from agentbus.gateway.memory import Memory
from agentbus.gateway.model import Asked, Entry, Recent, chunk_type, parse
from agentbus.gateway.ports import Watcher
from agentbus.gateway.wire import joined
from agentbus.kernel.errors import Invalid
from agentbus.plan.sequence import PlanSequence, Verdict


class Room:
    """One plan on one partition. Opens at offset `start`; live once `seed` told what lies before that."""

    def __init__(
        self,
        plan_id: str,
        partition: int,
        start: int,
        workspace_id: str = "",
        *,
        early_bytes: int,
        memory: Memory,
    ) -> None:
        self.plan_id = plan_id
        self.partition = partition
        self.start = start
        self.workspace_id = workspace_id
        self.visitors = 0
        self.asked = Asked()
        self._state: PlanSequence | None = None
        self.recent = Recent(0, memory)
        self._memory = memory
        self._early = Early(early_bytes, memory)
        self._audience = Audience()

    @property
    def key(self) -> str:
        """The key of its records."""
        return self.plan_id

    @property
    def live(self) -> bool:
        """Tells whether it is known what lies before `start`."""
        return self._state is not None

    @property
    def last_seq(self) -> int:
        """The last accepted `seq`; 0 while the room is not live."""
        return self._state.last_seq if self._state is not None else 0

    def seed(self, state: PlanSequence, recent: Recent, asked: Asked, stop: int) -> None:
        """Makes the room live: `state` is the plan's at offset `stop`. Ignored where that is not `start`."""
        if self._state is not None or stop != self.start:
            return
        self._state = PlanSequence(state.last_seq, state.attempt)
        self.recent, self.asked = recent, asked
        if recent.last_seq != state.last_seq:  # whoever read the history is ahead of the log
            self.recent = Recent(recent.limit_bytes, self._memory, state.last_seq)
        self.take(self._early.taken())

    def close(self) -> None:
        """Gives back its memory: nobody is in it any more."""
        self._early.taken()
        self.recent.forget()

    def join(self, watcher: Watcher, seq: int) -> bool:
        """Lets in a watcher that has everything up to `seq`, if memory covers the rest; else False."""
        if self._state is None:
            return False
        if seq > self._state.last_seq:
            self._audience.add_ahead(watcher, seq)
            return True
        missing = self._missing(seq)
        if missing is None:
            return False
        self._audience.add(watcher)
        if missing:
            instruments.HISTORY_MESSAGES.labels("memory").inc(len(missing))
            watcher.write(joined(missing, watcher.dialect), len(missing))
        return True

    def covers(self, seq: int) -> bool:
        """Tells whether a watcher that has everything up to `seq` could join."""
        return self._state is not None and (seq > self._state.last_seq or self._missing(seq) is not None)

    def leave(self, watcher: Watcher) -> None:
        """Forgets a watcher; it may have left already."""
        self._audience.leave(watcher)

    def take(self, records: Iterable[Record]) -> int:
        """Takes live records of this plan in, in log order, and sends what counts; returns how many did."""
        count = sum(self._take(record) for record in records)
        self._audience.flush()
        return count

    def _missing(self, seq: int) -> list[Entry] | None:
        return [] if seq == self.last_seq else self.recent.since(seq)

    def _take(self, record: Record) -> bool:
        try:
            if record.topic != MESSAGES:
                return self._stream(record.value)
            if self._state is None:
                self._keep_early(record)
                return False
            return self._accept(self._state, parse(record.value, self.plan_id))
        except Invalid:
            instruments.NOT_SENT.labels("invalid").inc()
            return False

    def _keep_early(self, record: Record) -> None:
        """Bounded: past the limit the room opens anew, later in the log, and history is read up to there."""
        if not self._early.keep(record):
            self.start = record.offset + 1

    def _accept(self, state: PlanSequence, entry: Entry) -> bool:
        verdict = state.accept(entry.seq, entry.attempt)
        if not verdict.accepted:
            instruments.NOT_SENT.labels(verdict.value).inc()
            return False
        if verdict is Verdict.GAP:
            instruments.GAPS.inc()
        self.recent.add(entry)
        self.asked.see((entry,))
        self._audience.reach(entry.seq)
        self._audience.say(entry.type, entry.value)
        return True

    def _stream(self, value: bytes) -> bool:
        if not self._audience.listens:
            return False
        self._audience.say(chunk_type(value), value)
        return True
