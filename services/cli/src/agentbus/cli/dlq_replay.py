"""Putting dead letters back: the record first, then the mark beside the dead letter. Used by `dlq`.

Stopped anywhere, it is run again: at most the last batch is put back twice, and consumers deduplicate.
Nothing is sent to a topic that is not there, and nothing at all before it is in the audit log.
"""

import json
from collections.abc import AsyncIterator
from typing import Final

import typer

from agentbus.bus.address import BusAddress
from agentbus.bus.producer import Producer
from agentbus.bus.reader import Reader
from agentbus.bus.replay import mark, put_back
from agentbus.cli.acts import put_on_record
from agentbus.cli.letters import Found, Wanted, letter_at, letters
from agentbus.embedded.progress import Report as Progress
from agentbus.kernel.errors import Invalid

_BATCH_LETTERS: Final = 200
_BATCH_BYTES: Final = 4 * 1024 * 1024
_SEND_SECONDS: Final = 30.0


class Replay:
    """One run. `again`: also what was put back already; `dry_run`: nothing is sent."""

    def __init__(
        self, address: BusAddress, *, again: bool, dry_run: bool, limit: int | None, as_json: bool
    ) -> None:
        self._reader, self._producer = Reader(address), Producer(address)
        self._again, self._dry_run, self._limit, self._as_json = again, dry_run, limit, as_json
        self._known_topics: set[str] = set()
        self._put = self._left = 0

    async def run(self, places: list[str], wanted: Wanted, progress: Progress) -> None:
        """Puts back the letters at `places`, else all `wanted`.

        Raises Invalid for a place without a dead letter and a topic that is gone, Transient when Kafka is.
        """
        try:
            chosen = self._at(places) if places else letters(self._reader, wanted)
            batch: list[Found] = []
            async for found in self._due(chosen):
                await self._check_topic(found)
                batch.append(found)
                size_bytes = sum(len(each.record.value) for each in batch)
                if len(batch) >= _BATCH_LETTERS or size_bytes >= _BATCH_BYTES:
                    await self._send(batch)
                    batch = []
                    progress("replay", f"{self._put} put back")
            await self._send(batch)
        finally:
            await self._producer.stop()
            await self._reader.stop()

    def tell(self) -> None:
        """Prints what was done."""
        done = "would be put back" if self._dry_run else "put back"
        typer.echo(f"{self._put} dead letters {done}", err=True)
        if self._left:
            typer.echo(
                f"{self._left} were put back before and are left alone; --again puts them back", err=True
            )

    async def _at(self, places: list[str]) -> AsyncIterator[Found]:
        # All are looked up before the first is sent, so that a misspelt one changes nothing.
        for found in [await letter_at(self._reader, place) for place in dict.fromkeys(places)]:
            yield found

    async def _due(self, chosen: AsyncIterator[Found]) -> AsyncIterator[Found]:
        taken = 0
        async for found in chosen:
            if found.replayed and not self._again:
                self._left += 1
                self._say(found, "left", f"{found.place} was put back at {found.replayed}")
                continue
            yield found
            taken += 1
            if taken == self._limit:
                return

    async def _check_topic(self, found: Found) -> None:
        topic = found.letter.topic
        if topic in self._known_topics:
            return
        try:
            await self._reader.partitions(topic)
        except Invalid as error:
            raise Invalid(
                f"{found.place} cannot be put back: its topic {topic} is gone. Make it again "
                "(python -m agentbus.bus provisions the topics), or choose other dead letters",
                code="unknown_topic",
            ) from error
        self._known_topics.add(topic)

    async def _send(self, batch: list[Found]) -> None:
        if batch and not self._dry_run:
            details = {"letters": [found.place for found in batch], "again": self._again}
            await put_on_record(self._producer, "replay_dead_letters", batch[0].record.topic, details)
            originals = [put_back(found.record, found.letter) for found in batch]
            await self._producer.send_all(originals, timeout_seconds=_SEND_SECONDS)
            marks = [mark(found.record) for found in batch]
            await self._producer.send_all(marks, timeout_seconds=_SEND_SECONDS)
        for found in batch:
            word = "would put" if self._dry_run else "put"
            self._say(found, word.replace(" ", "_"), f"{word} {found.place} back to {found.letter.topic}")
        self._put += len(batch)

    def _say(self, found: Found, outcome: str, text: str) -> None:
        typer.echo(json.dumps({**found.about(), "outcome": outcome}) if self._as_json else text)
