"""Runs the review's tools: each in its own process with limits, as many at once as there are processors.

Called by the review and model teams inside `plan.act`. What a tool gives is bounded: when it is more, the
worst findings are kept, and `Outcome.cut` says of what they are a prefix.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from agentbus.runner.errors import ToolFailed
from agentbus.runner.process import Limits, run
from agentbus.runner.source_tree import Listing, SourceTree
from agentbus.runner.team import Outcome

_WORKER: Final = "agentbus.runner.teams.review.worker"
_KEPT_BYTES: Final = 240 * 1024


@dataclass(frozen=True)
class ToolLimits:
    """`work_seconds`: after that a tool looks at no further file; `time_seconds`: after that it is killed."""

    work_seconds: float = 60.0
    time_seconds: float = 120.0
    memory_bytes: int = 4 * 1024**3


@dataclass(frozen=True)
class Toolbox:
    """Shared by all plans of a runner, so that twenty plans do not start eighty processes."""

    roots: Sequence[Path]
    limits: ToolLimits = field(default_factory=ToolLimits)
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(max(2, os.cpu_count() or 1)))

    @asynccontextmanager
    async def workbench(self, directory: str) -> AsyncIterator["Workbench"]:
        """Opens the tree at `directory`; raises InputError as `SourceTree.open` does."""
        tree = await asyncio.to_thread(SourceTree.open, directory, self.roots)
        with tempfile.TemporaryDirectory(prefix="agentbus-review-") as folder:
            yield Workbench(tree, self, Path(folder))


class Workbench:
    """One plan's tree and the tools for it."""

    def __init__(self, tree: SourceTree, toolbox: Toolbox, folder: Path) -> None:
        self.tree = tree
        self._toolbox = toolbox
        self._folder = folder
        self._listing: Listing | None = None
        self._one_at_a_time = asyncio.Lock()

    async def listing(self) -> Listing:
        """Returns the tree's files; they are listed once, when first needed."""
        async with self._one_at_a_time:
            if self._listing is None:
                self._listing = await asyncio.to_thread(self._list)
            return self._listing

    async def use(self, tool: str) -> Outcome:
        """Runs a tool. Its value is `{"summary": …, "findings": […]}`; raises ToolFailed."""
        await self.listing()
        limits = self._toolbox.limits
        command = [
            sys.executable,
            "-I",
            "-m",
            _WORKER,
            tool,
            str(self._folder / "listing.json"),
            str(limits.work_seconds),
        ]
        process_limits = Limits(
            time_seconds=limits.time_seconds, memory_bytes=limits.memory_bytes, kept_bytes=_KEPT_BYTES
        )
        home = {"HOME": str(self._folder), "TMPDIR": str(self._folder), "RAYON_NUM_THREADS": "2"}
        async with self._toolbox.places:
            finished = await run(command, cwd=self.tree.root, limits=process_limits, environment=home)
        if finished.exit_code != 0:
            raise ToolFailed(f"{tool} ended with {finished.exit_code}: {_last_line(finished.complaints)}")
        return Outcome(_parse(tool, finished.output), cut=finished.cut)

    def _list(self) -> Listing:
        listing = self.tree.list()
        listed = {"root": str(self.tree.root), "paths": [file.path for file in listing.files]}
        (self._folder / "listing.json").write_text(json.dumps(listed), encoding="utf-8")
        return listing


def _parse(tool: str, output: bytes) -> dict[str, Any]:
    """Reads the whole lines of a worker's output; the last is left out when it was cut."""
    summary, *findings = output[: output.rfind(b"\n") + 1].splitlines() or [b""]
    if not summary:
        raise ToolFailed(f"{tool} gave nothing that could be kept")
    return {"summary": json.loads(summary), "findings": [json.loads(line) for line in findings]}


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1][:300]
