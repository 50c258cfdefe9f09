from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from agentbus.bus.batch import Poison
from agentbus.bus.dead_letter import dead_letter, parse
from agentbus.bus.record import Outgoing, Record
from agentbus.bus.replay import Mark, mark, mark_in, put_back, was_put_back

NOW = datetime(2026, 1, 1, tzinfo=UTC)
names = st.text(st.characters(codec="ascii"), min_size=1).filter(
    lambda name: not name.startswith(("dlq-", "replay"))
)


def as_read(sent: Outgoing, offset: int = 3) -> Record:
    return Record(sent.topic, 0, offset, sent.key, sent.value or b"", tuple(sent.headers), NOW)


@given(value=st.binary(), key=st.text(), headers=st.lists(st.tuples(names, st.binary()), max_size=3))
def test_what_is_put_back_is_the_record_as_it_was(
    value: bytes, key: str, headers: list[tuple[str, bytes]]
) -> None:
    record = Record("t", 1, 7, key, value, tuple(headers), NOW)
    home = as_read(dead_letter(Poison(record, "code", "reason"), "g"))
    back = put_back(home, parse(home))
    assert (back.topic, back.key, back.value) == ("t", key, value)
    assert list(back.headers) == [*headers, ("replay-of", b"t.g.dlq:0:3")]
    assert was_put_back(as_read(back))
    assert not was_put_back(record)


def test_what_fails_again_tells_of_the_last_replay_alone() -> None:
    record = Record("t", 1, 7, "k", b"v", (), NOW)
    first = as_read(dead_letter(Poison(record, "code", "reason"), "g"))
    again = as_read(dead_letter(Poison(as_read(put_back(first, parse(first))), "code", "reason"), "g"), 9)
    assert list(put_back(again, parse(again)).headers) == [("replay-of", b"t.g.dlq:0:9")]


def test_a_mark_is_no_dead_letter_and_a_dead_letter_no_mark() -> None:
    home = as_read(dead_letter(Poison(Record("t", 1, 7, "k", b"v", (), NOW), "code", "reason"), "g"))
    assert mark_in(home) is None
    assert mark_in(as_read(mark(home, NOW), 4)) == Mark(0, 3, "2026-01-01T00:00:00.000000Z")


def test_a_broken_mark_is_none() -> None:
    broken = Record("t.g.dlq", 0, 1, "", b"", (("replayed", b"x"), ("replayed-at", b"now")), NOW)
    assert mark_in(broken) is None
