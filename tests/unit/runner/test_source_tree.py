"""No path leads out of a source tree, whatever is in it."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentbus.runner.errors import InputError
from agentbus.runner.source_tree import ListingLimits, SourceTree


def paths(tree: SourceTree, limits: ListingLimits | None = None) -> list[str]:
    return [file.path for file in tree.list(limits).files]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("nowhere", "directory_not_found"),
        ("file.txt", "not_a_directory"),
        ("../outside", "directory_not_allowed"),
        ("/etc", "directory_not_allowed"),
        ("/nonexistent", "directory_not_allowed"),
        ("link-out", "directory_not_allowed"),
        ("a\0b", "directory_not_found"),
    ],
)
def test_what_is_no_allowed_directory_is_refused_with_its_reason(
    tmp_path: Path, path: str, code: str
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside").mkdir()
    (root / "file.txt").touch()
    (root / "link-out").symlink_to(tmp_path / "outside")
    with pytest.raises(InputError) as refusal:
        SourceTree.open(path, [root])
    assert refusal.value.code == code


def test_a_directory_is_found_by_its_path_in_one_of_the_roots_or_absolute(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    (second / "project").mkdir(parents=True)
    for path in ("project", str(second / "project"), "./project/"):
        assert SourceTree.open(path, [first, second]).root == second / "project"


def test_without_roots_nothing_may_be_reviewed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="AGENTBUS_SOURCE_ROOTS"):
        SourceTree.open(str(tmp_path), [])


def test_hostile_entries_are_left_out_and_said(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("x = 1\n")
    (tmp_path / "passwd").symlink_to("/etc/passwd")
    (tmp_path / "etc").symlink_to("/etc")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "again.py").symlink_to(tmp_path / "good.py")
    (tmp_path / "new\nline.py").touch()
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1024**3)
    listing = SourceTree(tmp_path).list()
    assert [file.path for file in listing.files] == ["good.py"]
    assert listing.left_out["symbolic link that leaves the tree"] == 2
    assert listing.left_out["symbolic link"] == 2
    assert listing.left_out["not a regular file"] == 1
    assert listing.left_out["too large"] == 1
    assert listing.left_out["unprintable name"] == 1


@pytest.mark.parametrize(
    "path",
    ["passwd", "etc/passwd", "../secret", "/etc/passwd", "", ".", "a//b", "pipe", "folder", "folder/../x"],
)
def test_reading_never_follows_a_link_nor_leaves_the_tree(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    (root / "folder").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (root / "passwd").symlink_to("/etc/passwd")
    (root / "etc").symlink_to("/etc")
    os.mkfifo(root / "pipe")
    with pytest.raises(OSError):  # noqa: PT011  which one depends on the way it is refused
        SourceTree(root).read(path)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.sampled_from(["..", ".", "", "a", "link", "up", "etc", "file"]), max_size=6))
def test_no_combination_of_parts_reads_what_is_outside(tmp_path: Path, parts: list[str]) -> None:
    root = tmp_path / "root"
    if not root.exists():
        (root / "a" / "a").mkdir(parents=True)
        (tmp_path / "file").write_text("outside")
        (root / "file").write_text("inside")
        (root / "a" / "file").write_text("inside")
        (root / "link").symlink_to(tmp_path)
        (root / "a" / "up").symlink_to("../..")
    try:
        content = SourceTree(root).read("/".join(parts))
    except OSError:
        return
    assert content == b"inside"


def test_gitignore_files_hold_from_their_folder_down_and_deeper_ones_win(tmp_path: Path) -> None:
    (tmp_path / "sub" / "build").mkdir(parents=True)
    (tmp_path / ".gitignore").write_text("*.log\nbuild/\n/only-here.txt\n")
    (tmp_path / "sub" / ".gitignore").write_text("!keep.log\n")
    for name in (
        "a.log",
        "only-here.txt",
        "sub/a.log",
        "sub/keep.log",
        "sub/build/x.py",
        "sub/only-here.txt",
    ):
        (tmp_path / name).touch()
    assert paths(SourceTree(tmp_path)) == [
        ".gitignore",
        "sub/.gitignore",
        "sub/keep.log",
        "sub/only-here.txt",
    ]


def test_the_settings_of_a_hostile_repository_run_nothing(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text(f"[core]\n\tfsmonitor = touch {tmp_path}/ran\n")
    assert paths(SourceTree(tmp_path)) == []
    assert not (tmp_path / "ran").exists()


def test_a_listing_is_bounded_and_says_so(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number:02}.txt").write_text("x" * 100)
    by_count = SourceTree(tmp_path).list(ListingLimits(files=5))
    by_size = SourceTree(tmp_path).list(ListingLimits(total_bytes=1000))
    assert (len(by_count.files), by_count.cut) == (5, True)
    assert (len(by_size.files), by_size.cut) == (10, True)
    assert not SourceTree(tmp_path).list().cut
