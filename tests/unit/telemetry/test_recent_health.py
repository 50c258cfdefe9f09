"""The last ten minutes of the services, as the page of health draws them (H3)."""

from collections import deque
from datetime import UTC, datetime, timedelta

from agentbus.telemetry.alerts.recent import STEP_SECONDS, recent_health
from agentbus.telemetry.alerts.samples import parse
from agentbus.telemetry.alerts.scraping import Process, Snapshot

START = datetime(2026, 1, 1, tzinfo=UTC)
BUCKET = "agentbus_process_event_loop_delay_seconds_bucket"


def said(at: float, memory: int, delayed: int) -> Snapshot:
    text = (
        f"agentbus_process_memory_bytes {memory}\n"
        f'{BUCKET}{{le="0.1"}} 0\n{BUCKET}{{le="0.5"}} {delayed}\n{BUCKET}{{le="+Inf"}} {delayed}\n'
    )
    return Snapshot(START + timedelta(seconds=at), parse(text))


def test_each_step_has_what_was_said_last_in_it_and_how_late_the_loop_was() -> None:
    snapshots = [said(0, 1, 0), said(25, 2, 5), said(35, 3, 5), said(60, 4, 5)]
    away = Snapshot(START + timedelta(seconds=90), None)
    process = Process("plans", "127.0.0.1:1", "plans-1", deque([*snapshots, away]))
    silent = Process("runner", "127.0.0.1:2", "runner-1", deque([away]))

    history = recent_health([process, silent], START + timedelta(seconds=3 * STEP_SECONDS))

    lines = {line.metric: line for line in history.lines}
    assert lines.keys() == {"memory_bytes", "event_loop_delay_seconds"}
    assert {line.instance for line in history.lines} == {"plans-1"}
    assert len(history.times) == 20
    assert history.times[-1] == "2026-01-01T00:01:30.000000Z"
    assert lines["memory_bytes"].values[-4:] == [1, 2, 4, None]
    assert lines["event_loop_delay_seconds"].values[-4:] == [None, 0.5, None, None]
