"""What `/metrics` says: OpenMetrics with exemplars to those who ask for it, plain text to others (H2)."""

import asyncio
import time
from pathlib import Path

from prometheus_client import REGISTRY, Histogram
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from support.eventually import eventually

from agentbus.observability import process, tracing
from agentbus.observability.metrics import exposition, observe
from agentbus.observability.recording import Traces

OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
SECONDS = Histogram("exposition_test_seconds", "For these tests.", buckets=(0.1, 1))


def test_an_observation_inside_a_recorded_span_names_its_trace() -> None:
    before = tracing._Installed.traces
    tracing._Installed.traces = Traces(1.0, lambda _: None)
    try:
        with tracing.span("request"):
            trace_id, span_id = tracing.trace_and_span_ids()
            observe(SECONDS, 0.5)
    finally:
        tracing._Installed.traces = before
    observe(SECONDS, 5)  # outside of any
    body, content_type = exposition(OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text")
    (family,) = [
        each
        for each in text_string_to_metric_families(body.decode())  # type: ignore[no-untyped-call]
        if each.name == "exposition_test_seconds"
    ]
    exemplars = {sample.labels["le"]: sample.exemplar for sample in family.samples if "le" in sample.labels}
    assert exemplars["1.0"].labels == {"trace_id": trace_id, "span_id": span_id}
    assert exemplars["+Inf"] is None


def test_plain_text_for_everyone_else() -> None:
    for accept in ("", "*/*", "text/plain"):
        body, content_type = exposition(accept)
        assert content_type.startswith("text/plain")
        assert b"# {" not in body


def test_a_process_tells_its_memory_and_its_disk(tmp_path: Path) -> None:
    process.watch(tmp_path / "not" / "there" / "yet")
    assert (REGISTRY.get_sample_value("agentbus_process_memory_bytes") or 0) > 10_000_000
    free = REGISTRY.get_sample_value("agentbus_disk_free_bytes", {"volume": "data"}) or 0
    size = REGISTRY.get_sample_value("agentbus_disk_size_bytes", {"volume": "data"}) or 0
    assert 0 < free <= size


async def test_an_event_loop_that_is_held_up_shows() -> None:
    def late() -> float:
        over = REGISTRY.get_sample_value("agentbus_process_event_loop_delay_seconds_bucket", {"le": "0.1"})
        return (REGISTRY.get_sample_value("agentbus_process_event_loop_delay_seconds_count") or 0) - (
            over or 0
        )

    def shows() -> None:
        assert late() > before

    before = late()
    watching = asyncio.create_task(process.watch_loop())
    try:
        await asyncio.sleep(0)
        time.sleep(0.6)  # noqa: ASYNC251  what must not be done, done
        await eventually(shows, within=60)
    finally:
        watching.cancel()
