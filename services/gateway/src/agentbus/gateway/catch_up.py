"""History: every accepted message of a plan after a `seq`, up to an offset of its log, once and in order.

The database holds what the persister has committed; what is above that comes from the topic. What the
database gives is taken only as far as it is consecutive, because a batch that is being written may show its
end before its middle. Where the two do not meet, or the database is away, the whole plan is read from the
topic, which is the record. Called by a socket's session.
"""

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass

from agentbus.contracts.topics import MESSAGES
from agentbus.gateway import instruments
from agentbus.gateway.memory import Memory
from agentbus.gateway.model import Asked, Entry, Recent, parse, stored
from agentbus.gateway.ports import Log, StoredMessages
from agentbus.kernel.errors import Invalid, Transient
from agentbus.observability.log import get_logger
from agentbus.plan.sequence import PlanSequence, Verdict

PERSISTER_GROUP = "persister"
_BATCH_BYTES = 128 * 1024
_PAGE_BYTES = 2 * 1024 * 1024
_FIRST_PAGE_MESSAGES = 50
"""Before it is known how long a plan's messages are."""

_log = get_logger(__name__)


class _DoesNotMeet(Exception):
    """Database and topic leave a hole between them."""


@dataclass(frozen=True)
class Sources:
    """Where history is read, and in which portions."""

    database: StoredMessages
    log: Log
    memory: Memory
    page_messages: int = 2_000
    recent_bytes: int = 256 * 1024


class CatchUp:
    """One way from `after_seq` to offset `stop` of the plan's partition.

    After the last batch, `state` is the plan's sequence at `stop` (or later), `recent` its newest messages
    and `asked` the question that is open, as far as the batches told.
    """

    def __init__(self, sources: Sources, plan_id: str, partition: int, *, after_seq: int, stop: int) -> None:
        self._sources = sources
        self._plan_id = plan_id
        self._partition = partition
        self._stop = stop
        self._after_seq = after_seq
        self._page_messages = min(sources.page_messages, _FIRST_PAGE_MESSAGES)
        self._holed = False  # the database showed messages behind a hole
        self._meets = False  # the topic went on where the database ended
        self.state = PlanSequence()
        self.recent = Recent(sources.recent_bytes, sources.memory, after_seq)
        self.asked = Asked(known=after_seq == 0)

    async def batches(self) -> AsyncGenerator[list[Entry], None]:
        """Yields the messages, never an empty batch. Raises Transient when it cannot be completed now."""
        try:
            # Asked before the database is read: whatever is below it, the database will show.
            committed = await self._sources.log.committed(PERSISTER_GROUP, MESSAGES, self._partition)
            unreachable = None
        except Transient as error:
            committed, unreachable = self._stop, error
        try:
            async with aclosing(self._stored()) as stored_batches:
                async for batch in stored_batches:
                    yield batch
            if unreachable is not None:
                raise unreachable
            async with aclosing(self._logged(committed, source="topic")) as logged_batches:
                async for batch in logged_batches:
                    yield batch
        except _DoesNotMeet:
            if unreachable is not None:
                raise unreachable from None
            self.state = PlanSequence()
            begin = await self._sources.log.begin_offset(MESSAGES, self._partition)
            async with aclosing(self._logged(begin, source="whole_topic")) as whole_batches:
                async for batch in whole_batches:
                    yield batch

    async def _stored(self) -> AsyncGenerator[list[Entry], None]:
        """The consecutive messages that the database has; raises _DoesNotMeet when it is away."""
        # The message at `after_seq` itself is read too: its attempt decides what counts after it.
        cursor = max(0, self._after_seq - 1)
        self.state = PlanSequence(last_seq=cursor)
        while True:
            limit = self._page_messages
            page = await self._page(cursor, limit)
            if cursor and self.state.attempt == 0 and (not page or page[0].seq != self._after_seq):
                cursor, self.state = 0, PlanSequence()  # it is not stored yet: take the run-up from the start
                continue
            for batch in _portions(self._taken(page)):
                yield batch
            if self._holed or len(page) < limit:
                return
            cursor = self.state.last_seq

    async def _page(self, cursor: int, limit: int) -> list[Entry]:
        try:
            with _timed("database"):
                documents = await self._sources.database.read(self._plan_id, after_seq=cursor, limit=limit)
        except Transient as error:
            instruments.HISTORY_FAILURES.labels("database").inc()
            _log.warning("history comes from the topic: no database", plan_id=self._plan_id, error=str(error))
            raise _DoesNotMeet from error
        page = [stored(document) for document in documents]
        self._page_messages = self._fitting(page)
        return page

    def _fitting(self, page: list[Entry]) -> int:
        """How many messages the next page may have: as many as fill it, if they are like those of `page`."""
        mean_bytes = sum(len(entry.value) for entry in page) // len(page) if page else 0
        return max(1, min(self._sources.page_messages, _PAGE_BYTES // max(1, mean_bytes)))

    def _taken(self, page: list[Entry]) -> list[Entry]:
        batch = []
        for entry in page:
            if self.state.judge(entry.seq, entry.attempt) is not Verdict.ACCEPTED:
                self._holed = True
                break
            self.state.accept(entry.seq, entry.attempt)
            if self._keeps(entry):
                batch.append(entry)
        instruments.HISTORY_MESSAGES.labels("database").inc(len(batch))
        return batch

    async def _logged(self, start: int, *, source: str) -> AsyncGenerator[list[Entry], None]:
        """The plan's records in [start, stop) by the acceptance rule, in batches of bounded size."""
        self._meets = source == "whole_topic"
        batch: list[Entry] = []
        size = 0
        began = time.perf_counter()
        async with aclosing(self._parsed(start)) as entries:
            async for entry in entries:
                if not self._counts(entry):
                    continue
                batch.append(entry)
                size += len(entry.value)
                if size >= _BATCH_BYTES:
                    instruments.HISTORY_MESSAGES.labels(source).inc(len(batch))
                    yield batch
                    batch, size = [], 0
        if self._holed and not self._meets:
            raise _DoesNotMeet
        instruments.HISTORY.labels(source).observe(time.perf_counter() - began)
        if batch:
            instruments.HISTORY_MESSAGES.labels(source).inc(len(batch))
            yield batch

    def _counts(self, entry: Entry) -> bool:
        """Takes the next record of the log in; tells whether the reader is to get it."""
        if self.state.judge(entry.seq, entry.attempt) is Verdict.GAP and not self._meets:
            raise _DoesNotMeet
        if not self.state.accept(entry.seq, entry.attempt).accepted:
            return False
        self._meets = True
        return self._keeps(entry)

    async def _parsed(self, start: int) -> AsyncGenerator[Entry, None]:
        if start >= self._stop:
            return
        read = self._sources.log.read(MESSAGES, self._partition, start, self._stop, key=self._plan_id)
        async with aclosing(read) as records:
            async for record in records:
                try:
                    entry = parse(record.value, self._plan_id)
                except Invalid:
                    instruments.NOT_SENT.labels("invalid").inc()
                else:
                    yield entry

    def _keeps(self, entry: Entry) -> bool:
        """Whether the message is new to the reader; what is, is remembered."""
        if entry.seq <= self._after_seq:
            return False
        self._after_seq = entry.seq
        self.recent.add(entry)
        self.asked.see((entry,))
        return True


def _portions(entries: list[Entry]) -> Iterator[list[Entry]]:
    """Yields runs of entries, each just above the limit at most: a reader takes in one before the next."""
    portion: list[Entry] = []
    size = 0
    for entry in entries:
        portion.append(entry)
        size += len(entry.value)
        if size >= _BATCH_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


@contextmanager
def _timed(source: str) -> Iterator[None]:
    with instruments.HISTORY.labels(source).time():
        yield
