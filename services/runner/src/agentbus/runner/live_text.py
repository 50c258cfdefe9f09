"""Text while an agent still writes it: pieces to `agent.streaming`, joined so that a fast writer sends few.

Live view only. Nothing here can stop or slow the agent; the finished text is a normal message. Secrets are
cut out, also those that come in several pieces: a word is shown once it is whole.
"""

import asyncio
from typing import Final

from agentbus.contracts.commands import StartPlan
from agentbus.contracts.timestamps import format_timestamp
from agentbus.kernel.clock import Clock
from agentbus.observability.secrets.growing import GrowingText
from agentbus.runner.bounds import bound, clean_text
from agentbus.runner.ports import LiveText

_JOIN_SECONDS: Final = 0.05
_PIECE_LIMIT_BYTES: Final = 64 * 1024


class LiveTextStream:
    """One text as it grows."""

    def __init__(self, live: LiveText, start: StartPlan, agent: str, stream_id: str, clock: Clock) -> None:
        self.stream_id = stream_id
        self._live = live
        self._start = start
        self._agent = agent
        self._clock = clock
        self._pieces: list[str] = []
        self._unshown = GrowingText()
        self._chunk = 0
        self._shown_at = 0.0
        self._soon: asyncio.TimerHandle | None = None

    @property
    def text(self) -> str:
        """The whole text so far."""
        return "".join(self._pieces)

    async def write(self, text: str) -> None:
        """Shows `text` to live watchers, together with what follows within 50 ms."""
        self._pieces.append(clean_text(text))
        self._unshown.add(self._pieces[-1])
        if self._soon is not None:
            return
        wait_seconds = self._shown_at + _JOIN_SECONDS - self._clock.monotonic()
        if wait_seconds <= 0:
            self._show_pending()
        else:
            self._soon = asyncio.get_running_loop().call_later(wait_seconds, self._show_pending)

    def open(self) -> None:
        """Tells watchers that a text begins."""
        self._send("agent_stream_start", "", is_final=False)

    def close(self) -> None:
        """Shows what is left and tells watchers that the text is whole."""
        self._show_pending(is_final=True)
        self._send("agent_stream_end", "", is_final=True)

    def _show_pending(self, *, is_final: bool = False) -> None:
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        unshown = self._unshown.rest() if is_final else self._unshown.ready()
        self._shown_at = self._clock.monotonic()
        if not (unshown or is_final):
            return
        pending, _ = bound(unshown, _PIECE_LIMIT_BYTES)
        self._send("agent_message_streaming", pending, is_final=is_final)

    def _send(self, kind: str, content: str, *, is_final: bool) -> None:
        self._live.show(
            {
                "plan_id": self._start.plan_id,
                "type": kind,
                "stream_id": self.stream_id,
                "chunk": self._chunk,
                "agent_name": self._agent,
                "agent_type": "agent",
                "content": content,
                "is_final": is_final,
                "timestamp": format_timestamp(self._clock.now()),
                "workspace_id": self._start.workspace_id,
            }
        )
        self._chunk += 1
