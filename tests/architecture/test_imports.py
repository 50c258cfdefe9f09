"""Who may import whom (.importlinter), and that each of its contracts really fails when it is broken."""

import ast
import configparser
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
CONTRACTS_MAY_IMPORT = {"agentbus", "pydantic", "yaml"}


def sources() -> dict[str, Path]:
    """The source folder of each member of the workspace, by the name of its package."""
    found = ROOT.glob("*/src/agentbus/*/__init__.py"), ROOT.glob("*/*/src/agentbus/*/__init__.py")
    return {path.parent.name: path.parents[2] for paths in found for path in paths}


def lint(path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs the linter on the workspace; packages under `path` stand in for those of the same name."""
    environment = os.environ | ({"PYTHONPATH": str(path)} if path else {})
    command = [str(LINT_IMPORTS), "--no-logo", "--no-cache", "--config", str(ROOT / ".importlinter")]
    return subprocess.run(
        command, cwd=path or ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_workspace_keeps_the_contracts() -> None:
    run = lint()
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_member_is_linted() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    listed = config["importlinter"]["root_packages"].split()
    assert sorted(listed) == sorted(f"agentbus.{name}" for name in sources())


@pytest.mark.parametrize(
    ("package", "line", "contract"),
    [
        ("kernel", "import agentbus.bus", "Arrows point one way"),
        ("bus", "import agentbus.mongo", "Arrows point one way"),
        ("plan", "import agentbus.observability", "Arrows point one way"),
        ("chassis", "import agentbus.runner", "Arrows point one way"),
        ("gateway", "import agentbus.plans", "Services do not know one another"),
        ("persister", "import aiokafka", "Only bus speaks to Kafka"),
        ("plans", "from motor import motor_asyncio", "Only mongo speaks to the message database"),
        ("persister", "from pymongo.errors import PyMongoError", "Only mongo speaks to the message database"),
        ("telemetry", "import asyncpg", "Only postgres and embedded speak to PostgreSQL"),
        ("workspace", "from alembic import op", "Only postgres and embedded speak to PostgreSQL"),
        ("postgres", "import agentbus.bus", "Arrows point one way"),
        ("plans", "import picows", "Only gateway has sockets on picows"),
    ],
)
def test_a_broken_contract_is_named(tmp_path: Path, package: str, line: str, contract: str) -> None:
    shutil.copytree(sources()[package], tmp_path, dirs_exist_ok=True)
    (tmp_path / "agentbus" / package / "intruder.py").write_text(f'"""Known-bad."""\n\n{line}\n')
    run = lint(tmp_path)
    assert run.returncode == 1, run.stdout + run.stderr
    assert any(contract in text and "BROKEN" in text for text in paragraphs(run.stdout)), run.stdout


def paragraphs(text: str) -> Iterator[str]:
    """The report with its wrapped lines joined: `<contract> KEPT` or `<contract> BROKEN` each."""
    joined = " ".join(text.split())
    while " BROKEN" in joined or " KEPT" in joined:
        ends = [joined.find(word) + len(word) for word in (" BROKEN", " KEPT") if word in joined]
        yield joined[: min(ends)]
        joined = joined[min(ends) :]


def foreign_imports(source: str) -> set[str]:
    """The packages that `source` imports, beyond the standard library and what contracts may use."""
    found = set[str]()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found - CONTRACTS_MAY_IMPORT - sys.stdlib_module_names


def test_contracts_import_pydantic_yaml_and_the_standard_library_alone() -> None:
    modules = (sources()["contracts"] / "agentbus" / "contracts").rglob("*.py")
    assert {path: found for path in modules if (found := foreign_imports(path.read_text()))} == {}


@pytest.mark.parametrize("line", ["import orjson", "from fastapi.routing import APIRoute"])
def test_a_foreign_import_is_named(line: str) -> None:
    assert foreign_imports(f"import json\nimport yaml\n{line}\n") == {line.split()[1].split(".")[0]}
