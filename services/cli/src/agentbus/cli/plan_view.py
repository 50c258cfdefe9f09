"""A plan as it is shown in a terminal while it runs: a live view, or plain lines when piped.

Used by `run` and `demo`.
"""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

_MARKS: Final = {"action_completed": ("✓", "green"), "action_failed": ("✗", "red")}
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_QUIET: Final = frozenset(
    {"ping", "pong", "connection_established", "agent_stream_start", "agent_stream_end", "progress_update"}
)


class PlanView(Protocol):
    """Is shown every frame of a plan."""

    def show(self, frame: dict[str, Any]) -> None:
        """Takes the next frame."""
        ...

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leaves the terminal to a question for the block."""
        ...


class PlainView:
    """One line a message."""

    def show(self, frame: dict[str, Any]) -> None:
        """Prints the message, if it tells a person something."""
        line = describe(frame)
        if line is not None:
            print(line.plain, flush=True)  # noqa: T201

    @contextmanager
    def paused(self) -> Iterator[None]:
        """There is nothing to pause."""
        yield


class LiveView:
    """Lines scroll up as they are final; below them what runs now, and for how long."""

    def __init__(self, console: Console) -> None:
        self._running: dict[str, tuple[str, float]] = {}
        self._text = ""
        self._began = time.monotonic()
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8, transient=True)

    def __enter__(self) -> "LiveView":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, frame: dict[str, Any]) -> None:
        """Takes the next frame."""
        data, kind = frame["data"], frame["type"]
        if kind == "action_started":
            self._running[data["action_id"]] = (
                f"{data['agent_name']}  {data['payload']['tool']}",
                time.monotonic(),
            )
        elif kind in _MARKS:
            self._running.pop(data["action_id"], None)
        if kind == "agent_message_streaming":
            self._text = (self._text + data["content"])[-400:]
            return
        if (line := describe(frame)) is not None and kind != "action_started":
            self._text = ""
            self._live.console.print(line, soft_wrap=True)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stops the live part for the block."""
        self._live.stop()
        yield
        self._live.start()

    def _render(self) -> Group:
        now = time.monotonic()
        rows = [
            Text(f"  ⋯ {name}  {now - since:.0f} s", style="cyan") for name, since in self._running.values()
        ]
        status = Text(f" {len(self._running)} running, {now - self._began:.0f} s", style="dim")
        shown = [Text(self._text, style="dim")] if self._text else []
        return Group(*shown, *rows[:8], Spinner("dots", status))


@contextmanager
def plan_view() -> Iterator[PlanView]:
    """Gives the view that suits standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        yield PlainView()
        return
    with LiveView(console) as view:
        yield view


def describe(frame: dict[str, Any]) -> Text | None:
    """Returns a frame as a line for people, or None when it tells them nothing."""
    kind, data = frame["type"], frame["data"]
    if kind in _QUIET or "seq" not in data:
        return None
    mark, style = _MARKS.get(kind, ("·", ""))
    content = data["content"].strip().splitlines() or [""]
    if kind in ("agent_message", "plan_approval_request"):
        text = "\n            ".join(content)
    elif kind == "plan_started":
        text = f"{len(data['payload'].get('steps', []))} steps"
    else:
        text = content[0]
    line = Text(f"{mark} ", style=style)
    line.append(f"{data['agent_name']:<9} ", style="bold")
    line.append(_label(kind) + text)
    line.plain = printable(line.plain)
    return line


def printable(text: str) -> str:
    """Returns `text` without control characters: what agents and tools say must not steer the terminal."""
    return _CONTROL.sub("\ufffd", text)


def _label(kind: str) -> str:
    return "" if kind in ("agent_message", *_MARKS) else f"{kind.replace('_', ' ')}: "


def is_interactive() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()
