"""The resource rules over what services say: from when on they tell, and what they know after a restart."""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from agentbus.telemetry.alerts.metric_watcher import judged
from agentbus.telemetry.alerts.resource_rules import RULES, ResourceLimits
from agentbus.telemetry.alerts.samples import READ, growth, parse, quantile
from agentbus.telemetry.alerts.scraping import Process, Snapshot

START = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = ResourceLimits(1000, 0.1, 1e9, 0.9, 0.5, 0.05)


def process(*said: str | None, every_seconds: float = 5.0) -> Process:
    snapshots = (
        Snapshot(START + timedelta(seconds=every_seconds * number), None if text is None else parse(text))
        for number, text in enumerate(said)
    )
    return Process("plans", "127.0.0.1:1", "plans-1", deque(snapshots))


def names(*processes: Process) -> list[str]:
    return [finding.rule for finding in judged(processes, LIMITS).findings]


LAG = 'agentbus_bus_lag_records{topic="agent.messages",group="persister"} 1001\n'
POOL = 'agentbus_postgres_pool_connections{state="used"} 15\nagentbus_postgres_pool_limit 16\n'
DISK = 'agentbus_disk_free_bytes{volume="data"} 5\nagentbus_disk_size_bytes{volume="data"} 100\n'
LATE = """agentbus_process_event_loop_delay_seconds_bucket{le="0.5"} 10
agentbus_process_event_loop_delay_seconds_bucket{le="1.0"} 100
agentbus_process_event_loop_delay_seconds_bucket{le="+Inf"} 100
"""
IN_TIME = LATE.replace("10\n", "0\n", 1).replace("100", "0")
FAILS = 'agentbus_http_requests_total{method="GET",route="/",status="503"} 3\n'
WORKS = 'agentbus_http_requests_total{method="GET",route="/",status="200"} 30\n'
POISON = 'agentbus_bus_dead_lettered_total{topic="t",group="g",code="c"} %d\n'


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("ServiceDown", (None,)),
        ("ConsumerLags", (LAG,)),
        ("DeadLetters", (POISON % 2, POISON % 3)),
        ("PartitionHalted", ('agentbus_bus_halted_partitions{topic="t",group="g"} 1\n',)),
        ("OutboxGrows", ("agentbus_runner_outbox_pending_records 1001\n",)),
        ("ChangesNotPublished", ("agentbus_postgres_relay_oldest_seconds 61\n",)),
        ("DiskFull", (DISK,)),
        ("MemoryHigh", ("agentbus_process_memory_bytes 1.1e+09\n",)),
        ("PoolExhausted", (POOL,)),
        ("EventLoopSlow", (IN_TIME, LATE)),
        ("RequestsFail", ("", FAILS + WORKS)),
    ],
)
def test_each_rule_tells_of_what_it_is_for_and_of_nothing_else(rule: str, said: Sequence[str | None]) -> None:
    seen = judged([process(*said)], LIMITS)
    (finding,) = seen.findings
    assert (finding.rule, finding.workspace_id) == (rule, None)
    assert finding.subject["instance"] == "plans-1"
    assert "{" not in finding.summary + finding.recommendation
    assert finding.recommendation


def test_every_rule_is_tried_above() -> None:
    mark = test_each_rule_tells_of_what_it_is_for_and_of_nothing_else.pytestmark[0]  # type: ignore[attr-defined]
    assert [rule for rule, _ in mark.args[1]] == [rule.name for rule in RULES]


def test_what_is_within_the_limits_is_not_told() -> None:
    well = "".join(
        (
            LAG.replace("1001", "1000"),
            POOL.replace("15", "14"),
            DISK.replace("} 5\n", "} 50\n"),
            "agentbus_process_memory_bytes 1.0e+09\n",
            POISON % 2,
            IN_TIME,
            WORKS,
        )
    )
    assert names(process(well, well)) == []


def test_of_what_does_not_answer_nothing_else_is_known() -> None:
    seen = judged([process(LAG, None)], LIMITS)
    assert [finding.rule for finding in seen.findings] == ["ServiceDown"]
    assert len(seen.unknown) == len(list(RULES)) - 1
    assert "metrics:ConsumerLags@127.0.0.1:1" in seen.unknown


def test_after_a_restart_windows_are_unknown_until_they_are_full() -> None:
    source = "metrics:DeadLetters@127.0.0.1:1"
    assert source in judged([process(POISON % 2, POISON % 2)], LIMITS).unknown
    assert source not in judged([process(*[POISON % 2] * 121)], LIMITS).unknown


def test_growth_counts_over_a_restart_of_the_process() -> None:
    said = process(*(POISON % number for number in (5, 7, 1, 4)))
    window = growth(said.snapshots, "agentbus_bus_dead_lettered_total", 600)
    assert (list(window.growth.values()), window.seconds) == ([6.0], 15.0)
    assert growth(said.snapshots, "agentbus_bus_dead_lettered_total", 5).growth.popitem()[1] == 3.0  # type: ignore[attr-defined]
    assert quantile(growth([], "x", 1), 0.5) is None


def test_only_what_is_read_is_kept_and_rubbish_is_passed_over() -> None:
    text = LAG + 'agentbus_bus_lag_records{topic="x 1\nother_metric 1\nagentbus_bus_lag_records one\n'
    assert {name: len(found) for name, found in parse(text).items()} == {"agentbus_bus_lag_records": 1}
    assert "other_metric" not in READ
