"""What becomes of a batch, by what its handler raises."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentbus.bus.attempts import Attempts, worth_logging
from agentbus.bus.batch import Batch, Poison
from agentbus.bus.record import Record
from agentbus.kernel.backoff import Backoff
from agentbus.kernel.errors import Duplicate, Fatal, Invalid, Rejected, Transient


def batch(size: int) -> Batch:
    now = datetime.now(UTC)
    return Batch("t", 0, [Record("t", 0, offset, "k", b"", (), now) for offset in range(size)])


class Script:
    """A handler that raises what is scripted per offset, so many times; notes what it was called with."""

    def __init__(self, fault: Callable[[int], Exception | None]) -> None:
        self.fault = fault
        self.calls: list[list[int]] = []
        self.waits: list[float] = []
        self.attempts: list[int] = []

    async def __call__(self, batch: Batch) -> Sequence[Poison]:
        self.calls.append([record.offset for record in batch.records])
        for record in batch.records:
            error = self.fault(record.offset)
            if error is not None:
                raise error
        return []

    async def wait(self, batch: Batch, error: Exception, attempt: int, seconds: float) -> None:
        self.waits.append(seconds)
        self.attempts.append(attempt)

    async def handle(self, size: int) -> list[Poison]:
        return list(await Attempts(self, self.wait, Backoff(0.1, 0.4)).handle(batch(size)))


async def test_transient_is_tried_again_with_the_same_batch_and_growing_waits() -> None:
    left = [Transient("away")] * 5
    script = Script(lambda _: left.pop() if left else None)
    assert await script.handle(3) == []
    assert script.calls == [[0, 1, 2]] * 6
    assert all(0.2 <= wait <= 0.4 for wait in script.waits[2:])
    assert script.attempts == [1, 2, 3, 4, 5]


def test_of_many_failed_tries_few_are_logged() -> None:
    assert [each for each in range(1, 130) if worth_logging(each)] == [1, 2, 4, 8, 16, 32, 64, 96, 128]


async def test_an_unexpected_error_is_tried_four_times_and_then_record_by_record() -> None:
    script = Script(lambda offset: KeyError("bug") if offset == 1 else None)
    (poison,) = await script.handle(3)
    assert script.calls == [[0, 1, 2]] * 4 + [[0], [1], [2]]
    assert (poison.record.offset, poison.code) == (1, "handler_error")
    assert "KeyError: 'bug'" in poison.reason


async def test_transient_while_record_by_record_is_still_tried_again() -> None:
    left = [Transient("away")] * 3

    def fault(offset: int) -> Exception | None:
        if offset == 1:
            return KeyError("bug")
        return left.pop() if offset == 2 and left else None

    script = Script(fault)
    assert [poison.record.offset for poison in await script.handle(3)] == [1]
    assert script.calls[-4:] == [[2]] * 4


@pytest.mark.parametrize("error", [Invalid("no"), Rejected("no")])
async def test_a_verdict_needs_no_second_try(error: Exception) -> None:
    script = Script(lambda offset: error if offset == 1 else None)
    (poison,) = await script.handle(2)
    assert script.calls == [[0, 1], [0], [1]]
    assert (poison.record.offset, poison.reason) == (1, "no")


async def test_duplicate_counts_as_handled_and_fatal_goes_on() -> None:
    assert await Script(lambda offset: Duplicate("again") if offset == 0 else None).handle(2) == []
    with pytest.raises(Fatal):
        await Script(lambda offset: Fatal("stop") if offset == 1 else None).handle(2)


@given(st.lists(st.sampled_from(["good", "invalid", "bug", "flaky"]), min_size=1, max_size=8))
@settings(max_examples=50)
async def test_every_record_is_handled_or_known_as_poison(kinds: list[str]) -> None:
    flaky = {offset: 2 for offset, kind in enumerate(kinds) if kind == "flaky"}

    def fault(offset: int) -> Exception | None:
        if kinds[offset] == "flaky" and flaky[offset]:
            flaky[offset] -= 1
            return Transient("away")
        return {"invalid": Invalid("no"), "bug": KeyError("bug")}.get(kinds[offset])

    script = Script(fault)
    poison = [each.record.offset for each in await script.handle(len(kinds))]
    assert poison == [offset for offset, kind in enumerate(kinds) if kind in ("invalid", "bug")]
    # The last call with a good record had no bad one beside it: it went through.
    for offset, kind in enumerate(kinds):
        if kind in ("good", "flaky"):
            last = [call for call in script.calls if offset in call][-1]
            assert not set(last) & set(poison)
