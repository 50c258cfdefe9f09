"""Commits gather while one is under way."""

import asyncio

import pytest
from aiokafka.errors import CommitFailedError  # type: ignore[import-untyped]
from aiokafka.structs import TopicPartition  # type: ignore[import-untyped]

from agentbus.bus.commits import Commits

ONE, TWO, THREE = (TopicPartition("t", number) for number in range(3))


class SlowBroker:
    """A consumer whose commits take until `answer` is set, and fail with `error` if there is one."""

    def __init__(self) -> None:
        self.sent: list[dict[TopicPartition, int]] = []
        self.answer = asyncio.Event()
        self.error: Exception | None = None

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        self.sent.append(offsets)
        await self.answer.wait()
        if self.error is not None:
            raise self.error


async def _begun(commits: Commits, partition: TopicPartition, offset: int) -> asyncio.Task[None]:
    task = asyncio.create_task(commits.commit(partition, offset))
    for _ in range(5):
        await asyncio.sleep(0)
    return task


async def test_what_comes_while_one_is_under_way_goes_out_together_and_nobody_returns_early() -> None:
    broker = SlowBroker()
    commits = Commits(broker)
    first = await _begun(commits, ONE, 10)
    later = [await _begun(commits, TWO, 20), await _begun(commits, THREE, 30)]
    assert broker.sent == [{ONE: 10}]
    assert not any(task.done() for task in (first, *later))
    broker.answer.set()
    await first
    await asyncio.gather(*later)
    assert broker.sent == [{ONE: 10}, {TWO: 20, THREE: 30}]


async def test_a_refusal_is_heard_by_all_and_the_next_commit_is_tried() -> None:
    broker = SlowBroker()
    commits = Commits(broker)
    broker.error = CommitFailedError("another member has it")
    broker.answer.set()
    for outcome in await asyncio.gather(
        commits.commit(ONE, 1), commits.commit(TWO, 2), return_exceptions=True
    ):
        assert isinstance(outcome, CommitFailedError)
    broker.error = None
    await commits.commit(ONE, 2)
    assert broker.sent == [{ONE: 1, TWO: 2}, {ONE: 2}]


async def test_nothing_that_waits_is_sent_after_close() -> None:
    broker = SlowBroker()
    commits = Commits(broker)
    first, abandoned = await _begun(commits, ONE, 1), await _begun(commits, TWO, 2)
    abandoned.cancel()
    commits.close()
    broker.answer.set()
    await first
    with pytest.raises(asyncio.CancelledError):
        await abandoned
    for _ in range(5):
        await asyncio.sleep(0)
    assert broker.sent == [{ONE: 1}]
