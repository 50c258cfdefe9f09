"""A workspace that someone has open: who is there, and where its changes stand. No waiting, so no races.

Guarantee: a socket that joined with everything up to a `seq` gets every later change once and in order, or
`resync`, after which it pulls and gets all later ones. Called by the hub with live records, by sessions.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from agentbus.bus.record import Record
from agentbus.contracts.timestamps import parse_timestamp
from agentbus.contracts.workspace import WorkspaceChange
from agentbus.contracts.workspace_frames import Resync
from agentbus.gateway import instruments
from agentbus.gateway.audience import Audience
from agentbus.gateway.early import Early
from agentbus.gateway.memory import Memory
from agentbus.gateway.model import Entry, Recent
from agentbus.gateway.neighbours import Neighbours
from agentbus.gateway.ports import Watcher
from agentbus.gateway.presence import Present
from agentbus.gateway.wire import frame, joined
from agentbus.kernel.errors import Invalid
from agentbus.observability.metrics import observe

_CHANGE = "workspace_change"


@dataclass(frozen=True)
class Bounds:
    """How much a room keeps, and how large a change it hands on: for a larger one it says `resync`."""

    recent_bytes: int
    early_bytes: int
    change_bytes: int
    presence_seconds: float


class Newest:
    """The newest changes that are known, consecutive; `last_seq` is None as long as none is."""

    def __init__(self, bounds: Bounds, memory: Memory) -> None:
        self._bounds = bounds
        self._memory = memory
        self._recent: Recent | None = None

    @property
    def last_seq(self) -> int | None:
        """The newest change."""
        return self._recent.last_seq if self._recent is not None else None

    def add(self, entry: Entry) -> bool:
        """Takes the next one in; False when it cannot be handed on as it is: after a gap, or too large."""
        follows = self._recent is None or entry.seq == self._recent.last_seq + 1
        fits = len(entry.value) <= self._bounds.change_bytes
        if self._recent is None or not (follows and fits):
            self.forget()
            self._recent = Recent(
                self._bounds.recent_bytes, self._memory, entry.seq - 1 if fits else entry.seq
            )
        if fits:
            self._recent.add(entry)
        return follows and fits

    def since(self, seq: int) -> list[Entry] | None:
        """Returns all changes after `seq`; None when some of them are not known."""
        return self._recent.since(seq) if self._recent is not None else None

    def forget(self) -> None:
        """Gives back the memory."""
        if self._recent is not None:
            self._recent.forget()


class WorkspaceRoom:
    """One workspace on one partition. Opens at offset `start`; live once `seed` told what is before that."""

    def __init__(
        self,
        key: str,
        partition: int,
        start: int,
        _workspace_id: str,
        *,
        bounds: Bounds,
        memory: Memory,
        neighbours: Neighbours,
    ) -> None:
        self.key = key
        self.partition = partition
        self.start = start
        self.visitors = 0
        self.live = False
        self.opening = asyncio.Lock()
        """Held by who reads what lies before `start`."""
        self.newest = Newest(bounds, memory)
        self.present = Present(key, self._told, bounds.presence_seconds, neighbours)
        self._audience = Audience()
        self._early = Early(bounds.early_bytes, memory)
        self._users: dict[Watcher, str] = {}

    def seed(self, newest: Newest, stop: int) -> bool:
        """Makes the room live: `newest` is what was before offset `stop`. False where that is not `start`."""
        if self.live or stop != self.start:
            return False
        self.live, self.newest = True, newest
        self.take(self._early.taken())
        return True

    def join(self, watcher: Watcher, user_id: str, after_seq: int | None) -> None:
        """Lets a socket in, that has everything up to `after_seq`, and sends what it misses, or `resync`.

        None: it does not say what it has, and gets what comes. The room has to be live.
        """
        self._users[watcher] = user_id
        self.present.enter(user_id)
        last_seq = self.newest.last_seq
        if after_seq is not None and last_seq is not None and after_seq > last_seq:
            self._audience.add_ahead(watcher, after_seq)
        else:
            self._audience.add(watcher)
            if after_seq is not None:
                self._make_up(watcher, after_seq)
        watcher.write(self.present.frame(), 1)

    def leave(self, watcher: Watcher) -> None:
        """Forgets a socket; it may have left already."""
        self._audience.leave(watcher)
        user_id = self._users.pop(watcher, None)
        if user_id is not None:
            self.present.leave(user_id)

    def take(self, records: Iterable[Record]) -> int:
        """Takes live records of this workspace in, in log order, and sends what counts; returns how many."""
        changed_at = [at for record in records if (at := self._take(record)) is not None]
        self._audience.flush()
        now = time.time()
        for at in changed_at:
            observe(instruments.SYNC, max(0.0, now - at))
        return len(changed_at)

    def close(self) -> None:
        """Gives back its memory: nobody is in it any more."""
        self._early.taken()
        self.newest.forget()
        self.present.close()

    def _make_up(self, watcher: Watcher, after_seq: int) -> None:
        missing = self.newest.since(after_seq)
        if missing is None:
            instruments.RESYNCS.inc()
            watcher.write(self._resync(self.newest.last_seq), 1)
        elif missing:
            instruments.HISTORY_MESSAGES.labels("memory").inc(len(missing))
            watcher.write(joined(missing, watcher.dialect), len(missing))

    def _take(self, record: Record) -> float | None:
        """Returns when the change was made (seconds since 1970) if it counts."""
        if not self.live:
            if not self._early.keep(record):
                self.start = record.offset + 1
            return None
        try:
            change = _change(record.value, self.key)
        except Invalid:
            instruments.NOT_SENT.labels("invalid").inc()
            return None
        last_seq = self.newest.last_seq
        if last_seq is not None and change.seq <= last_seq:
            instruments.NOT_SENT.labels("duplicate").inc()
            return None
        self._accept(_entry(change, record.value))
        return parse_timestamp(change.changed_at).timestamp()

    def _accept(self, entry: Entry) -> None:
        last_seq = self.newest.last_seq
        if last_seq is not None and entry.seq > last_seq + 1:
            instruments.GAPS.inc()
        self._audience.reach(entry.seq)
        if self.newest.add(entry):
            self._audience.say(entry.type, entry.value)
        elif self._audience.listens:
            instruments.RESYNCS.inc()
            self._audience.tell(self._resync(entry.seq))

    def _resync(self, seq: int | None) -> bytes:
        return frame("resync", Resync(workspace_id=self.key, seq=seq).model_dump())

    def _told(self, presence: bytes) -> None:
        self._audience.tell(presence)
        self._audience.flush()


def parse(value: bytes, workspace_id: str) -> Entry:
    """Returns the change in a record of this workspace; raises Invalid for what no consumer takes."""
    return _entry(_change(value, workspace_id), value)


def _entry(change: WorkspaceChange, value: bytes) -> Entry:
    return Entry(change.seq, 1, _CHANGE, value)


def _change(value: bytes, workspace_id: str) -> WorkspaceChange:
    try:
        change = WorkspaceChange.model_validate_json(value)
    except ValidationError as error:
        raise Invalid(f"not a change: {error}") from error
    if change.workspace_id != workspace_id:
        raise Invalid("the record's key is not the change's workspace_id")
    return change
