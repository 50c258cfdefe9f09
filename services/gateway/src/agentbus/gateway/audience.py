"""Who listens in a room: what is said is framed once per dialect and written once per listener. No waiting.

Guarantee: a listener hears everything that is said after it was added, in order; one that came with a later
`seq` than the room's hears what is after its own. Called by the rooms of plans and of workspaces.
"""

from dataclasses import dataclass, field

from agentbus.gateway import instruments
from agentbus.gateway.ports import Watcher
from agentbus.gateway.wire import value_frame
from agentbus.plan.dialect import Dialect


@dataclass
class _Lane:
    """The listeners of one dialect, and the frames that the next write takes to all of them."""

    dialect: Dialect
    watchers: dict[Watcher, None] = field(default_factory=dict)
    frames: list[bytes] = field(default_factory=list)

    def flush(self) -> None:
        """Writes what is pending: one write a listener, the same bytes to all."""
        if self.frames:
            frames, number = b"".join(self.frames), len(self.frames)
            self.frames.clear()
            # Counted once for all of them: counting costs as much as a quarter of the sending.
            sent = sum(watcher.take(frames, number) for watcher in list(self.watchers))
            instruments.FRAMES.inc(sent * number)
            instruments.BYTES.inc(sent * len(frames))


class Audience:
    """The listeners of one room."""

    def __init__(self) -> None:
        self._lanes: dict[Dialect, _Lane] = {}
        self._ahead: dict[Watcher, int] = {}

    @property
    def listens(self) -> bool:
        """Tells whether anyone would hear what is said now."""
        return any(lane.watchers for lane in self._lanes.values())

    def add(self, watcher: Watcher) -> None:
        """Lets a listener hear what is said from now on."""
        lane = self._lanes.setdefault(watcher.dialect, _Lane(watcher.dialect))
        lane.flush()  # what is pending in it is not for the one who comes in now
        lane.watchers[watcher] = None

    def add_ahead(self, watcher: Watcher, seq: int) -> None:
        """Lets a listener in that has everything up to `seq`, which is still to be said here."""
        self._ahead[watcher] = seq

    def leave(self, watcher: Watcher) -> None:
        """Forgets a listener; it may have left already."""
        self._ahead.pop(watcher, None)
        for lane in self._lanes.values():
            lane.watchers.pop(watcher, None)

    def reach(self, seq: int) -> None:
        """Says that `seq` comes next: whoever waited for it is let in."""
        for watcher in [watcher for watcher, has in self._ahead.items() if has < seq]:
            del self._ahead[watcher]
            self.add(watcher)

    def say(self, kind: str, value: bytes) -> None:
        """Puts the JSON object `value`, in a frame of type `kind`, into the next write."""
        for lane in self._lanes.values():
            if lane.watchers:
                lane.frames.append(value_frame(kind, value, lane.dialect))

    def tell(self, frame: bytes) -> None:
        """Puts a frame of the gateway's own into the next write."""
        for lane in self._lanes.values():
            if lane.watchers:
                lane.frames.append(frame)

    def flush(self) -> None:
        """Writes what was said."""
        for lane in self._lanes.values():
            lane.flush()
