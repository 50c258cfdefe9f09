"""Where spans go: held within bounds, sent by a thread of their own. Called by `tracing.install`.

Guarantee: whoever makes spans never waits. While the collector is away, hangs or is too slow, what does not
fit the queue is dropped and counted.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from agentbus.observability.instruments import SPANS
from agentbus.observability.log import get_logger
from agentbus.observability.recording import RecordedSpan

QUEUE_SPANS: Final = 4096
"""How many spans wait or are on their way to the collector at most."""

BATCH_SPANS: Final = 512
DELAY_SECONDS: Final = 5.0
"""How long a span waits at most, unless the collector is slow."""

_LOG = get_logger(__name__)

Send = Callable[[Sequence[RecordedSpan]], bool]
"""Sends spans and returns whether they were taken; may block for long."""


class Export:
    """Hands ended spans to a thread that calls `send` with batches of them; counts what became of each."""

    def __init__(self, send: Send, queue_spans: int = QUEUE_SPANS) -> None:
        self._send = send
        self._limit = queue_spans
        self._batch = min(BATCH_SPANS, queue_spans)
        self._waiting: deque[RecordedSpan] = deque()
        self._on_their_way = 0
        self._awake = threading.Event()
        self._closing = False
        self._dropped = SPANS.labels("dropped")
        self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
        self._thread.start()

    def take(self, span: RecordedSpan) -> None:
        """Takes an ended span in, or drops it; from any thread."""
        waiting = len(self._waiting)
        if waiting + self._on_their_way >= self._limit or self._closing:
            self._dropped.inc()
            return
        self._waiting.append(span)
        if waiting + 1 >= self._batch and not self._awake.is_set():
            self._awake.set()

    def close(self) -> None:
        """Sends what waits and takes nothing more; may take long."""
        self._closing = True
        self._awake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing:
            full = self._awake.wait(DELAY_SECONDS)
            self._awake.clear()
            while len(self._waiting) >= self._batch or (self._waiting and not full):
                self._send_some()
        while self._waiting:
            self._send_some()

    def _send_some(self) -> None:
        # Counted before they are taken out: in between they count twice, and never not at all.
        self._on_their_way = min(self._batch, len(self._waiting))
        spans = [self._waiting.popleft() for _ in range(self._on_their_way)]
        taken = False
        try:
            taken = self._send(spans)
        except Exception:  # noqa: BLE001  spans cost nobody anything, whatever is wrong with them
            _LOG.exception("spans_not_sent", spans=len(spans))
        finally:
            self._on_their_way = 0
            SPANS.labels("sent" if taken else "not_taken").inc(len(spans))
