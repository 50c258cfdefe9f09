"""Decisions have the agreed form, and each says where it is enforced: a path that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DECISIONS = sorted((ROOT / "contracts/decisions").glob("*.md"))
SECTIONS = ["Context", "Decision", "Consequences", "Alternatives", "Enforced by"]
PATH = re.compile(r"(?:tests/|\.importlinter|pyproject\.toml)[\w./-]*")


def problems(text: str) -> list[str]:
    """Returns what is wrong with a decision."""
    found = [f"no line {line!r}" for line in ("Status: ", "Date: 20") if f"\n{line}" not in text]
    if re.findall(r"^## (.+)$", text, re.MULTILINE) != SECTIONS:
        found.append("the sections are not those agreed on, in their order")
    enforced = PATH.findall(text.partition("## Enforced by")[2])
    if not enforced:
        found.append("enforced by nothing")
    return found + [f"there is no {path}" for path in enforced if not (ROOT / path).exists()]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_the_agreed_form(path: Path) -> None:
    assert problems(path.read_text(encoding="utf-8")) == []


def test_decisions_are_numbered_from_1_without_gaps() -> None:
    numbers = [int(path.name[:4]) for path in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Status: accepted", "", "no line 'Status: '"),
        ("## Alternatives", "## Others", "the sections are not those agreed on, in their order"),
        ("tests/unit/plan/test_plan_sequence.py", "tests/lost.py", "there is no tests/lost.py"),
    ],
)
def test_a_bad_decision_is_named(old: str, new: str, problem: str) -> None:
    assert problem in problems(DECISIONS[0].read_text(encoding="utf-8").replace(old, new))
