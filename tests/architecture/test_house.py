"""Rules of the house that no linter knows: names, words at the top of each module, length, top level."""

import ast
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FORBIDDEN_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "managers", "base", "misc"}
MAX_LINES = 250
TOP_FOLDERS = {"contracts", "infra", "libs", "services", "tests"}
TOP_FILES = {
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "docker-compose.yml",
    "pyproject.toml",
    "uv.lock",
}


def tracked() -> list[str]:
    """Every file that is in the repository or about to be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in run.stdout.splitlines() if (ROOT / name).is_file()]


def module_problems(name: str, source: str) -> list[str]:
    """Returns what is wrong with the module at path `name`."""
    problems = [f"{name}: the name says nothing" for part in _parts(name) if part in FORBIDDEN_NAMES]
    if len(source.splitlines()) > MAX_LINES:
        problems.append(f"{name}: {len(source.splitlines())} lines, more than {MAX_LINES}")
    if not name.startswith("tests/") and not ast.get_docstring(ast.parse(source)):
        problems.append(f"{name}: does not say what it guarantees and who calls it")
    return problems


def _parts(name: str) -> Iterable[str]:
    path = Path(name)
    return [*path.parts[:-1], path.stem]


def top_level_problems(names: Iterable[str]) -> list[str]:
    """Returns what must not stand at the top level of a repository with these files."""
    folders = {Path(name).parts[0] for name in names if "/" in name}
    files = {name for name in names if "/" not in name}
    visible = {name for name in (folders - TOP_FOLDERS) | (files - TOP_FILES) if not name.startswith(".")}
    return sorted(visible)


@pytest.mark.parametrize("name", [name for name in tracked() if name.endswith(".py")])
def test_a_module_keeps_the_rules(name: str) -> None:
    assert module_problems(name, (ROOT / name).read_text(encoding="utf-8")) == []


def test_the_top_level_is_as_agreed() -> None:
    assert top_level_problems(tracked()) == []


@pytest.mark.parametrize(
    ("name", "source", "problem"),
    [
        ("libs/bus/src/agentbus/bus/utils.py", '"""Words."""\n', "the name says nothing"),
        ("libs/common/src/agentbus/bus/codec.py", '"""Words."""\n', "the name says nothing"),
        ("libs/bus/codec.py", "import json\n", "does not say what it guarantees"),
        ("libs/bus/codec.py", '"""Words."""\n' + "x = 1\n" * MAX_LINES, "251 lines, more than 250"),
    ],
)
def test_a_bad_module_is_named(name: str, source: str, problem: str) -> None:
    assert any(problem in found for found in module_problems(name, source))


def test_a_good_module_has_no_problem() -> None:
    assert module_problems("libs/bus/src/agentbus/bus/codec.py", '"""Words."""\n') == []


def test_what_does_not_belong_at_the_top_level_is_named() -> None:
    good = ["README.md", "Makefile", ".gitignore", ".ci/run", "libs/bus/pyproject.toml", "uv.lock"]
    assert top_level_problems(good) == []
    assert top_level_problems([*good, "scripts/run.sh", "notes.txt"]) == ["notes.txt", "scripts"]
