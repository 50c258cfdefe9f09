"""Changes to a Go module, kept as a unified diff: applied to a copy of the module, exactly or not at all.

Called when a program is built. The copy is of what go.sum vouches for; the diff is a file of this repository.
"""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agentbus.embedded import golang
from agentbus.embedded.errors import FetchFailed


@dataclass(frozen=True)
class Patch:
    """The diff `changes` (paths as in the module) to the module `module`."""

    module: str
    changes: Path


def patched(go: Path, main: Path, patch: Patch, scratch: Path) -> list[str]:
    """Returns the flags with which `go build` in `main` uses the changed module, written below `scratch`.

    Raises FetchFailed when the module cannot be had or is not what the diff was made for.
    """
    copy = scratch / "module"
    asked = golang.run(go, "mod", "download", "-json", patch.module, folder=main)
    shutil.copytree(json.loads(asked)["Dir"], copy, copy_function=shutil.copyfile)
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    apply(patch.changes.read_text(), copy)
    for name in ("go.mod", "go.sum"):
        shutil.copyfile(main / name, scratch / name)
    golang.run(go, "mod", "edit", f"-replace={patch.module}={copy}", str(scratch / "go.mod"), folder=main)
    return [f"-modfile={scratch / 'go.mod'}"]


def apply(diff: str, folder: Path) -> None:
    """Changes the files in `folder`. Raises FetchFailed when a hunk does not fit exactly once."""
    for path, old, new in _hunks(diff):
        file = folder / path
        if not old:
            file.write_text(new)
            continue
        text = file.read_text() if file.exists() else ""
        if text.count(old) != 1:
            raise FetchFailed(f"the changes do not fit {path}: they are for another version")
        file.write_text(text.replace(old, new))


def _hunks(diff: str) -> Iterator[tuple[str, str, str]]:
    """Yields each hunk: the file's path, and its lines before and after."""
    for section in re.split(r"^--- .*\n\+\+\+ ", diff, flags=re.MULTILINE)[1:]:
        path, *hunks = re.split(r"\n@@ .*", section)
        for hunk in hunks:
            # An editor may have cut the blank before an empty line.
            lines = [
                line if line != "\n" else " \n" for line in hunk.removeprefix("\n").splitlines(keepends=True)
            ]
            old, new = ("".join(line[1:] for line in lines if line[0] in (" ", sign)) for sign in "-+")
            yield path, old, new
