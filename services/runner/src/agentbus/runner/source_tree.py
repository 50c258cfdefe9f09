"""A source tree that a plan may read, and nothing around it.

Guarantees that no path leads out of the tree's root: symbolic links are never followed, neither when listing
nor when reading, and only regular files count (no devices, sockets or pipes). What is left out is counted and
said. Called by the review teams; needs no git, so a hostile repository's settings can run nothing.
"""

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from pathspec import GitIgnoreSpec

from agentbus.runner.errors import InputError

ALWAYS_IGNORED: Final = frozenset(
    {".git", ".hg", ".svn", ".venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".tox"}
)
_DEPTH_LIMIT: Final = 64
_IGNORE_FILE_BYTES: Final = 256 * 1024


@dataclass(frozen=True)
class ListingLimits:
    """How much of a tree is looked at."""

    files: int = 20_000
    file_bytes: int = 2 * 1024 * 1024
    total_bytes: int = 512 * 1024 * 1024


@dataclass(frozen=True)
class SourceFile:
    """A regular file: `path` is relative to the root, with `/`."""

    path: str
    size_bytes: int


@dataclass(frozen=True)
class Listing:
    """The files of a tree, by path, and why others are not among them (reason → how many)."""

    files: tuple[SourceFile, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    cut: bool = False

    def facts(self) -> dict[str, Any]:
        """Returns the figures of the listing as JSON."""
        size = sum(file.size_bytes for file in self.files)
        return {"files": len(self.files), "bytes": size, "left_out": self.left_out, "cut": self.cut}


class _IgnoreRules:
    """The .gitignore files from the root down to a directory; the deepest that has an opinion decides."""

    def __init__(self, rules: tuple[tuple[str, GitIgnoreSpec], ...] = ()) -> None:
        self._rules = rules

    def with_file(self, prefix: str, content: bytes) -> "_IgnoreRules":
        lines = content.decode("utf-8", "replace").splitlines()
        try:
            return _IgnoreRules((*self._rules, (prefix, GitIgnoreSpec.from_lines(lines))))
        except ValueError:
            return self

    def ignores(self, path: str) -> bool:
        for prefix, spec in reversed(self._rules):
            verdict = spec.check_file(path[len(prefix) :])
            if verdict.include is not None:
                return verdict.include
        return False


class SourceTree:
    """An opened tree. Its methods block: call them in a thread or in a tool's own process."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def open(cls, path: str, roots: Sequence[Path]) -> Self:
        """Opens the tree at `path`, which must lie within one of `roots` once its links are resolved.

        A relative path is looked up in the roots in turn. Raises InputError: `directory_not_allowed`,
        `directory_not_found` or `not_a_directory`. Outside the roots it never says what exists.
        """
        allowed = [root.resolve() for root in roots]
        try:
            candidates = [(root / path).resolve() for root in allowed]
        except (ValueError, OSError, RuntimeError) as error:
            raise InputError(f"{path!r} is not a path", code="directory_not_found") from error
        inside = [
            candidate
            for candidate in dict.fromkeys(candidates)
            if any(candidate.is_relative_to(root) for root in allowed)
        ]
        if not inside:
            known = ", ".join(map(str, roots)) or "none"
            raise InputError(
                f"{path!r} is outside the directories that may be reviewed ({known}); "
                "set AGENTBUS_SOURCE_ROOTS to allow it",
                code="directory_not_allowed",
            )
        found = next((candidate for candidate in inside if candidate.exists()), None)
        if found is None:
            raise InputError(f"There is no directory {path!r}", code="directory_not_found")
        if not found.is_dir():
            raise InputError(f"{path!r} is not a directory", code="not_a_directory")
        return cls(found)

    def list(self, limits: ListingLimits | None = None) -> Listing:
        """Lists the tree's regular files by path, without what .gitignore files leave out."""
        limits = limits or ListingLimits()
        left_out: Counter[str] = Counter()
        files: list[SourceFile] = []
        total_bytes, cut = 0, False
        for file in self._walk("", _IgnoreRules(), left_out, 0):
            if file.size_bytes > limits.file_bytes:
                left_out["too large"] += 1
                continue
            if len(files) >= limits.files or total_bytes + file.size_bytes > limits.total_bytes:
                cut = True
                break
            files.append(file)
            total_bytes += file.size_bytes
        return Listing(tuple(files), dict(sorted(left_out.items())), cut)

    def read(self, path: str, limit_bytes: int = 2 * 1024 * 1024) -> bytes:
        """Returns the first `limit_bytes` of a file.

        Raises OSError when it is gone, is no regular file, or a part of its path is a symbolic link.
        """
        *folders, name = path.split("/")
        if any(part in {"", ".", ".."} for part in (*folders, name)):
            raise PermissionError(f"{path!r} is not a path within the tree")
        directory = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for folder in folders:
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
                deeper = os.open(folder, flags, dir_fd=directory)
                os.close(directory)
                directory = deeper
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(name, flags, dir_fd=directory)
        finally:
            os.close(directory)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise PermissionError(f"{path!r} is not a regular file")
            return file.read(limit_bytes)

    def _walk(
        self, prefix: str, rules: _IgnoreRules, left_out: Counter[str], depth: int
    ) -> Iterator[SourceFile]:
        if depth > _DEPTH_LIMIT:
            left_out["too deep"] += 1
            return
        try:
            with os.scandir(self.root / prefix) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            left_out["unreadable"] += 1
            return
        if any(entry.name == ".gitignore" for entry in entries):
            rules = self._with_ignore_file(prefix, rules)
        for entry in entries:
            path = prefix + entry.name
            if reason := self._reason_to_leave_out(entry, path, rules):
                left_out[reason] += 1
            elif entry.is_dir(follow_symlinks=False):
                yield from self._walk(f"{path}/", rules, left_out, depth + 1)
            else:
                yield SourceFile(path, entry.stat(follow_symlinks=False).st_size)

    def _with_ignore_file(self, prefix: str, rules: _IgnoreRules) -> _IgnoreRules:
        try:
            return rules.with_file(prefix, self.read(f"{prefix}.gitignore", _IGNORE_FILE_BYTES))
        except OSError:
            return rules

    def _reason_to_leave_out(self, entry: os.DirEntry[str], path: str, rules: _IgnoreRules) -> str | None:
        try:
            mode = entry.stat(follow_symlinks=False).st_mode
        except OSError:
            return "unreadable"
        if stat.S_ISLNK(mode):
            return self._link_reason(path)
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            return "not a regular file"
        if not path.isprintable():
            return "unprintable name"
        folder = stat.S_ISDIR(mode)
        if (folder and entry.name in ALWAYS_IGNORED) or rules.ignores(path + "/" if folder else path):
            return "ignored"
        return None

    def _link_reason(self, path: str) -> str:
        try:
            target = (self.root / path).resolve()
        except (OSError, RuntimeError):
            return "symbolic link"
        return "symbolic link" if target.is_relative_to(self.root) else "symbolic link that leaves the tree"
