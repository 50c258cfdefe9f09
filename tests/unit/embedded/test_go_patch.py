"""A change to a Go module is applied as it was made, or not at all."""

from pathlib import Path

import pytest

from agentbus.embedded.errors import FetchFailed
from agentbus.embedded.go_patch import apply

DIFF = """\
--- internal/answer.go
+++ internal/answer.go
@@ -1,4 +1,5 @@
 package answer

-const Answer = 41
+// agentbus
+const Answer = 42

@@ -7,2 +8,1 @@
 func Ask() {}
-func Wait() {}
--- /dev/null
+++ internal/more.go
@@ -0,0 +1,1 @@
+package answer
"""
BEFORE = "package answer\n\nconst Answer = 41\n\nvar x int\n\nfunc Ask() {}\nfunc Wait() {}\n"
AFTER = "package answer\n\n// agentbus\nconst Answer = 42\n\nvar x int\n\nfunc Ask() {}\n"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "internal").mkdir()
    return tmp_path


def test_every_hunk_is_applied_and_new_files_are_written(module: Path) -> None:
    (module / "internal/answer.go").write_text(BEFORE)
    apply(DIFF, module)
    assert (module / "internal/answer.go").read_text() == AFTER
    assert (module / "internal/more.go").read_text() == "package answer\n"


@pytest.mark.parametrize("text", [BEFORE.replace("41", "40"), BEFORE + BEFORE, None])
def test_another_version_is_refused(module: Path, text: str | None) -> None:
    if text is not None:
        (module / "internal/answer.go").write_text(text)
    with pytest.raises(FetchFailed, match=r"answer\.go"):
        apply(DIFF, module)
