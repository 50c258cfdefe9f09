"""Hooks hear of real changes only, one after the other."""

import asyncio
from collections.abc import Sequence

import pytest
from support.eventually import eventually

from agentbus.bus.handover import Handover
from agentbus.bus.record import TopicPartition
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.errors import Transient


def partitions(*numbers: int) -> frozenset[TopicPartition]:
    return frozenset(TopicPartition("t", number) for number in numbers)


class Hooks:
    def __init__(self) -> None:
        self.heard: list[tuple[str, list[int]]] = []
        self.faults: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def assigned(self, gained: Sequence[TopicPartition]) -> None:
        self.heard.append(("begin", [number for _, number in gained]))
        await self.gate.wait()
        if self.faults:
            raise self.faults.pop()
        self.heard.append(("assigned", [number for _, number in gained]))

    async def revoked(self, lost: Sequence[TopicPartition]) -> None:
        self.heard.append(("revoked", [number for _, number in lost]))
        if self.faults:
            raise self.faults.pop()

    def handover(self, patience_seconds: float = 60.0) -> Handover:
        return Handover(
            self.assigned, self.revoked, backoff=Backoff(0.001, 0.002), patience_seconds=patience_seconds
        )

    def done(self) -> list[tuple[str, list[int]]]:
        return [event for event in self.heard if event[0] != "begin"]


async def test_a_rebalance_that_gives_all_back_is_not_heard() -> None:
    hooks = Hooks()
    handover = hooks.handover()
    await handover.assigned(partitions(0, 1))
    handover.suspended()
    await handover.assigned(partitions(0, 1))
    assert hooks.done() == [("assigned", [0, 1])]


async def test_gains_and_losses_are_heard_and_the_end_loses_all() -> None:
    hooks = Hooks()
    handover = hooks.handover()
    await handover.assigned(partitions(0, 1))
    handover.suspended()
    await handover.assigned(partitions(1, 2))
    await handover.close()
    assert hooks.done() == [("assigned", [0, 1]), ("revoked", [0]), ("assigned", [2]), ("revoked", [1, 2])]


async def test_without_an_assignment_in_time_everything_is_lost() -> None:
    hooks = Hooks()
    handover = hooks.handover(patience_seconds=0.0)
    await handover.assigned(partitions(0))
    handover.suspended()
    await eventually(lambda: _expect(hooks.done()[-1] == ("revoked", [0])), within=5)
    await handover.assigned(partitions(0))
    assert hooks.done()[-1] == ("assigned", [0])


async def test_a_take_over_that_is_interrupted_counts_as_lost_and_begins_again() -> None:
    hooks = Hooks()
    handover = hooks.handover()
    hooks.gate.clear()
    first = handover.assigned(partitions(0, 1))
    await eventually(lambda: _expect(hooks.heard == [("begin", [0, 1])]), within=5)
    handover.suspended()
    second = handover.assigned(partitions(0))
    hooks.gate.set()
    await second
    assert first.cancelled()
    assert hooks.heard == [("begin", [0, 1]), ("revoked", [0, 1]), ("begin", [0]), ("assigned", [0])]


async def test_transient_is_tried_again_and_anything_else_is_raised() -> None:
    hooks = Hooks()
    hooks.faults = [Transient("away"), Transient("away")]
    handover = hooks.handover()
    await handover.assigned(partitions(0))
    assert [kind for kind, _ in hooks.heard] == ["begin", "begin", "begin", "assigned"]
    hooks.faults = [KeyError("bug")]
    with pytest.raises(KeyError):
        await handover.assigned(partitions(0, 1))


async def test_a_revoked_hook_that_fails_holds_up_nothing() -> None:
    hooks = Hooks()
    handover = hooks.handover()
    await handover.assigned(partitions(0))
    hooks.faults = [KeyError("bug")]
    await handover.assigned(partitions(1))
    assert hooks.done() == [("assigned", [0]), ("revoked", [0]), ("assigned", [1])]


def _expect(condition: bool) -> None:
    assert condition
