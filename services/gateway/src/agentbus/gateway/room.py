"""A watched plan: who watches it, and where its log stands. No waiting in here, so no races either.

Guarantee: a watcher that joined with everything up to a `seq` gets every later accepted message once, in
order, and the streaming chunks of the moment. Called by the hub with live records, by sessions to join.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from agentbus.bus.record import Record
from agentbus.contracts.topics import MESSAGES
from agentbus.gateway import instruments
from agentbus.gateway.memory import Memory
from agentbus.gateway.model import Asked, Entry, Recent, chunk_type, parse
from agentbus.gateway.ports import Watcher
from agentbus.gateway.wire import joined, value_frame
from agentbus.kernel.errors import Invalid
from agentbus.plan.dialect import Dialect
from agentbus.plan.sequence import PlanSequence, Verdict


@dataclass
class _Lane:
    """The live watchers of one dialect, and the frames that the next write takes to all of them."""

    dialect: Dialect
    watchers: dict[Watcher, None] = field(default_factory=dict)
    frames: list[bytes] = field(default_factory=list)

    def flush(self) -> None:
        """Writes what is pending: one write a watcher, the same bytes to all."""
        if self.frames:
            frames, number = b"".join(self.frames), len(self.frames)
            self.frames.clear()
            for watcher in list(self.watchers):
                watcher.write(frames, number)


class Room:
    """One plan on one partition. Opens at offset `start`; live once `seed` told what lies before that."""

    def __init__(
        self,
        plan_id: str,
        partition: int,
        start: int,
        *,
        early_bytes: int,
        memory: Memory,
        workspace_id: str = "",
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
        self._early: list[Record] = []
        self._early_bytes = 0
        self._early_limit_bytes = early_bytes
        self._lanes: dict[Dialect, _Lane] = {}
        self._ahead: dict[Watcher, int] = {}

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
        self.take(self._handed_back())

    def close(self) -> None:
        """Gives back its memory: nobody is in it any more."""
        self._handed_back()
        self.recent.forget()

    def join(self, watcher: Watcher, seq: int) -> bool:
        """Lets in a watcher that has everything up to `seq`, if memory covers the rest; else False."""
        if self._state is None:
            return False
        if seq > self._state.last_seq:
            self._ahead[watcher] = seq
            return True
        missing = self._missing(seq)
        if missing is None:
            return False
        self._lane(watcher.dialect).watchers[watcher] = None
        if missing:
            instruments.HISTORY_MESSAGES.labels("memory").inc(len(missing))
            watcher.write(joined(missing, watcher.dialect), len(missing))
        return True

    def covers(self, seq: int) -> bool:
        """Tells whether a watcher that has everything up to `seq` could join."""
        return self._state is not None and (seq > self._state.last_seq or self._missing(seq) is not None)

    def leave(self, watcher: Watcher) -> None:
        """Forgets a watcher; it may have left already."""
        self._ahead.pop(watcher, None)
        for lane in self._lanes.values():
            lane.watchers.pop(watcher, None)

    def take(self, records: Iterable[Record]) -> int:
        """Takes live records of this plan in, in log order, and sends what counts; returns how many did."""
        count = sum(self._take(record) for record in records)
        for lane in self._lanes.values():
            lane.flush()
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
        self._early.append(record)
        self._early_bytes += len(record.value)
        lent = self._memory.lend(len(record.value))
        if not lent or self._early_bytes > self._early_limit_bytes:
            self._handed_back()
            self.start = record.offset + 1

    def _handed_back(self) -> list[Record]:
        early, self._early = self._early, []
        self._memory.back(self._early_bytes)
        self._early_bytes = 0
        return early

    def _accept(self, state: PlanSequence, entry: Entry) -> bool:
        verdict = state.accept(entry.seq, entry.attempt)
        if not verdict.accepted:
            instruments.NOT_SENT.labels(verdict.value).inc()
            return False
        if verdict is Verdict.GAP:
            instruments.GAPS.inc()
        self.recent.add(entry)
        self.asked.see((entry,))
        self._let_in(entry.seq)
        for lane in self._lanes.values():
            if lane.watchers:
                lane.frames.append(value_frame(entry.type, entry.value, lane.dialect))
        return True

    def _let_in(self, seq: int) -> None:
        """Those who came with a later `seq` than ours get what is after theirs."""
        for watcher in [watcher for watcher, has in self._ahead.items() if has < seq]:
            del self._ahead[watcher]
            lane = self._lane(watcher.dialect)
            lane.flush()  # what is pending in it is not for the one who comes in now
            lane.watchers[watcher] = None

    def _stream(self, value: bytes) -> bool:
        lanes = [lane for lane in self._lanes.values() if lane.watchers]
        if not lanes:
            return False
        kind = chunk_type(value)
        for lane in lanes:
            lane.frames.append(value_frame(kind, value, lane.dialect))
        return True

    def _lane(self, dialect: Dialect) -> _Lane:
        return self._lanes.setdefault(dialect, _Lane(dialect))
