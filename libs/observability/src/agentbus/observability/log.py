"""Logs: one JSON object a line on standard error, ours and the libraries' alike, with service and trace ids.

Called by `setup.configure` once, and by every module for its logger.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal, cast

import orjson
import structlog
from opentelemetry import trace
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.typing import EventDict, Processor, WrappedLogger

from agentbus.observability.redaction import redact

Format = Literal["json", "console"]
Logger = structlog.stdlib.BoundLogger

# These say the same thing many times a second while a broker is away; their own metrics count it.
_QUIETER: Final = {
    "aiokafka": logging.WARNING,
    "asyncio": logging.WARNING,
    "urllib3": logging.ERROR,
    "opentelemetry": logging.ERROR,
    # These name whole addresses, in which people keep keys.
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
}


def get_logger(name: str) -> Logger:
    """Returns the logger `name`; works before `configure` too, and follows it afterwards."""
    return structlog.stdlib.get_logger(name)


@contextmanager
def bound(**values: str | int | None) -> Iterator[None]:
    """Adds `values` to every line that is logged inside the block, in this task and its children."""
    with bound_contextvars(**{key: value for key, value in values.items() if value is not None}):
        yield


def install(service: str, instance: str, *, level: str, format: Format) -> None:  # noqa: A002
    """Sends all logging of the process through one chain. Safe to call again: the last call holds."""
    chain: list[Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        _identity(service, instance),
        _trace_ids,
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *chain,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=chain, processors=_rendering(format))
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name, least in _QUIETER.items():
        logging.getLogger(name).setLevel(max(least, root.level))
    logging.captureWarnings(capture=True)


def _rendering(format: Format) -> list[Processor]:  # noqa: A002
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if format == "console":
        plain = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        return [strip, structlog.processors.format_exc_info, _redacted, plain]
    # Tracebacks as text, without the values of local variables: those may be secrets.
    return [
        strip,
        structlog.processors.format_exc_info,
        _redacted,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(serializer=_serialise),
    ]


def _identity(service: str, instance: str) -> Processor:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"], event["instance"] = service, instance
        return event

    return add


def _trace_ids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event


def _redacted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return cast("EventDict", redact(event))


def _serialise(event: EventDict, **_options: Any) -> str:
    fallback: Callable[[Any], str] = repr
    try:
        return orjson.dumps(event, default=fallback, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # integers above 64 bits and lone surrogates: rare, and still worth a line
        return json.dumps({str(key): value for key, value in event.items()}, default=fallback)
