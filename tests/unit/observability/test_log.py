"""Logs: one JSON object a line, ours and the libraries', with who and which trace, and without secrets."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from agentbus.observability import log
from agentbus.observability.tracing import span, trace_and_span_ids


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configuration = structlog.get_config()
    yield
    root.handlers, root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.configure(**configuration)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_our_line_says_who_where_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    log.install("svc", "i1", level="INFO", format="json")
    with span("work"), log.bound(request_id="r1"):
        trace_id, span_id = trace_and_span_ids()
        log.get_logger("part").info("stored", plan_id="p", count=3)
    (line,) = _lines(capsys)
    expected = {
        "message": "stored",
        "level": "info",
        "logger": "part",
        "service": "svc",
        "instance": "i1",
        "request_id": "r1",
        "plan_id": "p",
        "count": 3,
        "trace_id": trace_id,
        "span_id": span_id,
    }
    assert expected.items() <= line.items()


def test_a_librarys_line_has_the_same_shape(capsys: pytest.CaptureFixture[str]) -> None:
    log.install("svc", "i1", level="INFO", format="json")
    logging.getLogger("some.library").warning("lost %s", "mongodb://u:hunter2@h")
    (line,) = _lines(capsys)
    assert (line["service"], line["logger"], line["level"]) == ("svc", "some.library", "warning")
    assert line["message"] == "lost mongodb://[redacted]@h"


def test_a_traceback_is_there_without_the_values_of_variables(capsys: pytest.CaptureFixture[str]) -> None:
    log.install("svc", "i1", level="INFO", format="json")
    hidden = "x" + "yz" * 3
    try:
        int(hidden, base=len(hidden) + 30)
    except ValueError:
        log.get_logger("part").exception("failed")
    (line,) = _lines(capsys)
    assert "ValueError: int() base" in line["exception"]
    assert hidden not in json.dumps(line)


@pytest.mark.parametrize("value", [10**40, "\ud800", b"\xff", {1: 2}, object(), float("nan")])
def test_no_value_stops_a_line(capsys: pytest.CaptureFixture[str], value: object) -> None:
    log.install("svc", "i1", level="INFO", format="json")
    log.get_logger("part").info("odd", value=value)
    assert _lines(capsys)[0]["message"] == "odd"


def test_lines_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    log.install("svc", "i1", level="WARNING", format="json")
    log.get_logger("part").info("quiet")
    log.get_logger("part").warning("loud")
    assert [line["message"] for line in _lines(capsys)] == ["loud"]


def test_the_console_format_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    log.install("svc", "i1", level="INFO", format="console")
    log.get_logger("part").info("stored", password="hunter2")
    text = capsys.readouterr().err
    assert "stored" in text
    assert "hunter2" not in text
