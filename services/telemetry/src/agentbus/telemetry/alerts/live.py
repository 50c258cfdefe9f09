"""Alerts as they change, for the web app: server-sent events fed by the tail of `telemetry.alerts`.

Guarantee: that of an `EventStream`, of every change that its owner may see; `RESYNC` means "read the list
now". Built in `app.py`; read by `live_routes`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from agentbus.bus.codec import decode
from agentbus.bus.record import Record
from agentbus.chassis.event_stream import EventStream
from agentbus.kernel.errors import Invalid, Transient
from agentbus.observability.log import get_logger
from agentbus.telemetry.alerts.owners import Owner

_MOST_WAITING: Final = 199
"""Beside the `RESYNC` that it begins with."""

_MOST_STREAMS: Final = 1000
_log = get_logger(__name__)


class LiveAlerts(EventStream):
    """What one client has not read yet."""

    def __init__(self, owner: Owner) -> None:
        super().__init__(_MOST_WAITING, weight=lambda _event: 1)
        self._owner = owner

    def concerns(self, workspace_id: str | None) -> bool:
        """Whether its owner sees alerts of that workspace; None: of the system."""
        return self._owner.operator if workspace_id is None else workspace_id == self._owner.workspace_id


class Streams:
    """All clients of this process that follow alerts."""

    def __init__(self) -> None:
        self._open: set[LiveAlerts] = set()
        self._stopping = False

    def deliver(self, records: Sequence[Record]) -> None:
        """Hands changes to those who may see them. What cannot be read is logged, left out."""
        for record in records:
            try:
                workspace_id = decode(record.value)["alert"]["workspace_id"]
            except (Invalid, KeyError, TypeError) as error:
                _log.error("not a change of an alert", offset=record.offset, reason=repr(error))
                continue
            for each in self._open:
                if each.concerns(workspace_id):
                    each.add(record.value)

    @contextmanager
    def opened(self, owner: Owner) -> Iterator[LiveAlerts]:
        """Gives what is told from now on. Raises Transient as `require_room`."""
        self.require_room()
        live = LiveAlerts(owner)
        self._open.add(live)
        try:
            yield live
        finally:
            self._open.discard(live)

    def require_room(self) -> None:
        """Raises Transient when there are too many streams, or the process stops."""
        if len(self._open) >= _MOST_STREAMS or self._stopping:
            raise Transient("there are too many streams here", code="too_many_streams")

    def end_all(self) -> None:
        """Ends every stream: the process stops, and clients go elsewhere."""
        self._stopping = True
        for each in self._open:
            each.end()
