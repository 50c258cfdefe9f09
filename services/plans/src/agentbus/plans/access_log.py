"""Access and audit on the bus, as the plan service writes and reads them (decision 0016).

Guarantee: an act stands in `audit.log` before it is in `access.changes`; when `write` raises, the change may
not have been made, and saying it again does no harm. Called by `access_acts.py`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError

from agentbus.bus import audit
from agentbus.bus.codec import encode, record_headers
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.record import Outgoing
from agentbus.chassis.access.book import AccessBook
from agentbus.contracts.audit import AuditEntry
from agentbus.contracts.topics import ACCESS_CHANGES, AUDIT_LOG
from agentbus.kernel.errors import Transient
from agentbus.plans.access_model import Fact

_SCHEMA: Final = "access_change.v1"
_OWN_WRITE_SECONDS: Final = 2.0
_WINDOW_RECORDS: Final = 1000
_WINDOWS: Final = 20


@dataclass(frozen=True)
class AuditPage:
    """Entries, newest first; `cursor` is where older ones begin, None when there are none."""

    entries: list[AuditEntry]
    cursor: int | None


class AccessLog:
    """Writes changes, with their audit entry first; reads the audit log back."""

    def __init__(
        self,
        producer: Producer,
        reader: Reader,
        book: AccessBook,
        *,
        acknowledge_seconds: float,
        lookup_seconds: float,
    ) -> None:
        self._producer = producer
        self._reader = reader
        self._book = book
        self._acknowledge_seconds = acknowledge_seconds
        self._lookup_seconds = lookup_seconds

    async def write(self, entry: AuditEntry, facts: Sequence[Fact], forget: Sequence[str] = ()) -> None:
        """Records the act, writes its facts, deletes the subjects to `forget`; then this process knows, too.

        Raises Transient when Kafka did not acknowledge one of them.
        """
        await audit.record(self._producer, entry, timeout_seconds=self._acknowledge_seconds)
        headers = record_headers(_SCHEMA)
        changes = [Outgoing(ACCESS_CHANGES, fact.subject, encode(fact), headers) for fact in facts]
        changes += [Outgoing(ACCESS_CHANGES, subject, None, headers) for subject in forget]
        sent = await self._producer.send_all(changes, timeout_seconds=self._acknowledge_seconds)
        await self._book.reached(sent[-1].offset, within_seconds=_OWN_WRITE_SECONDS)

    async def entries(self, workspace_id: str, *, before: int | None, limit: int) -> AuditPage:
        """Returns the workspace's entries that are older than `before`; fewer when they lie far apart.

        Raises Transient when Kafka does not answer in time.
        """
        try:
            async with asyncio.timeout(self._lookup_seconds):
                return await self._entries(workspace_id, before, limit)
        except TimeoutError as error:
            raise Transient("reading the audit log took too long", code="bus_unavailable") from error

    async def _entries(self, workspace_id: str, before: int | None, limit: int) -> AuditPage:
        partition = await self._reader.partition_for(AUDIT_LOG, workspace_id)
        begin = await self._reader.begin_offset(AUDIT_LOG, partition)
        end = await self._reader.end_offset(AUDIT_LOG, partition)
        stop, found = end if before is None else min(before, end), list[tuple[int, AuditEntry]]()
        for _ in range(_WINDOWS):
            if stop <= begin or len(found) >= limit:
                break
            start = max(begin, stop - _WINDOW_RECORDS)
            found += reversed(await self._window(workspace_id, partition, start, stop))
            stop = start
        page = found[:limit]
        older = stop > begin or len(found) > limit
        cursor = page[-1][0] if len(found) >= limit else stop
        return AuditPage([entry for _, entry in page], cursor if older else None)

    async def _window(
        self, workspace_id: str, partition: int, start: int, stop: int
    ) -> list[tuple[int, AuditEntry]]:
        records = self._reader.read(AUDIT_LOG, partition, start, stop, key=workspace_id)
        read = [(record.offset, _entry(record.value)) async for record in records]
        return [(offset, each) for offset, each in read if each and each.workspace_id == workspace_id]


def _entry(value: bytes) -> AuditEntry | None:
    try:
        return AuditEntry.model_validate_json(value)
    except ValidationError:
        return None
