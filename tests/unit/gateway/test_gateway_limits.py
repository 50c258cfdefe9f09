"""The pure parts of the gateway's limits: allowance, memory, who comes from where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbus.gateway.allowance import Allowance
from agentbus.gateway.memory import Memory
from agentbus.gateway.model import Entry, Recent
from agentbus.gateway.origin import check_origin
from agentbus.gateway.routes import client_host, wants_upgrade
from agentbus.gateway.settings import GatewaySettings
from agentbus.kernel.errors import Rejected


def entry(seq: int, size: int) -> Entry:
    return Entry(seq, 1, "agent_message", b"x" * size)


@given(frames=st.lists(st.tuples(st.floats(0, 10), st.integers(0, 65_536)), max_size=60))
def test_a_socket_is_allowed_no_more_than_burst_and_rate(frames: list[tuple[float, int]]) -> None:
    allowance, now, spent = Allowance(per_second=5, burst=20, at=0.0), 0.0, 0
    for pause, size in frames:
        now += pause
        if not allowance.take(size, now):
            break
        spent += 1 + size // 4096
        assert spent <= 20 + 5 * now + 1e-6


def test_a_pause_gives_allowance_back_but_no_more_than_the_burst() -> None:
    allowance = Allowance(per_second=1, burst=20, at=0.0)
    assert all(allowance.take(0, 0.0) for _ in range(20))
    assert not allowance.take(0, 0.0)
    assert all(allowance.take(0, 1_000.0) for _ in range(20))
    assert not allowance.take(0, 1_000.0)


def test_the_plan_that_was_quiet_longest_forgets_first() -> None:
    memory = Memory(recent_bytes=100, early_bytes=0)
    quiet, busy = Recent(80, memory), Recent(80, memory)
    quiet.add(entry(1, 60))
    busy.add(entry(1, 30))
    busy.add(entry(2, 30))
    assert (quiet.since(0), quiet.last_seq) == (None, 1)
    assert [each.seq for each in busy.since(0) or []] == [1, 2]
    assert memory.size_bytes == 60


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 90)), max_size=80), st.integers(0, 200))
def test_all_plans_together_have_no_more_than_the_limit(moves: list[tuple[int, int]], limit: int) -> None:
    memory = Memory(limit, 0)
    plans = [Recent(100, memory) for _ in range(5)]
    for plan, size in moves:
        plans[plan].add(entry(plans[plan].last_seq + 1, size))
        assert memory.size_bytes == sum(each.size_bytes for each in plans) <= limit
    for each in plans:
        each.forget()
    assert memory.size_bytes == 0


@pytest.mark.parametrize(
    ("peer", "forwarded", "host"),
    [
        ("9.9.9.9", "", "9.9.9.9"),
        ("9.9.9.9", "1.2.3.4", "9.9.9.9"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("127.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("127.0.0.1", "1.2.3.4, 127.0.0.2", "1.2.3.4"),
        ("127.0.0.1", " , ", "127.0.0.1"),
    ],
)
def test_only_a_trusted_proxys_word_on_its_client_counts(peer: str, forwarded: str, host: str) -> None:
    assert client_host(peer, forwarded, GatewaySettings().trusts) == host


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "bus.example", True),
        ("https://bus.example", "bus.example", True),
        ("https://bus.example:443", "bus.example", True),
        ("http://bus.example:8000", "bus.example:8000", True),
        ("http://bus.example:8000", "bus.example:9000", False),
        ("https://app.example", "bus.example", True),
        ("https://app.example:444", "bus.example", False),
        ("https://bus.example.evil.example", "bus.example", False),
        ("https://evil.example", "bus.example", False),
        ("null", "bus.example", False),
        ("", "", False),
        ("file://", "", False),
        ("https://[::1", "bus.example", False),
    ],
)
def test_origins(origin: str | None, host: str, allowed: bool) -> None:
    settings = GatewaySettings(cors_origins=("https://app.example",))
    headers = {"host": host} | ({"origin": origin} if origin is not None else {})
    if allowed:
        check_origin(headers, settings)
    else:
        with pytest.raises(Rejected):
            check_origin(headers, settings)


def test_browsers_that_keep_alive_may_upgrade() -> None:
    assert wants_upgrade("keep-alive, Upgrade")
    assert not wants_upgrade("keep-alive")
