"""Generated files are what the models and topics say, and the check notices when they are not."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentbus.contracts.generation.artifacts import artifacts, stale, write

CONTRACTS = Path(__file__).parents[2] / "contracts"


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    return artifacts()


@pytest.fixture
def folder(tmp_path: Path, generated: dict[str, str]) -> Iterator[Path]:
    write(tmp_path, generated)
    yield tmp_path
    shutil.rmtree(tmp_path)


def test_the_committed_files_are_fresh(generated: dict[str, str]) -> None:
    assert stale(CONTRACTS, generated) == []


def test_generating_twice_gives_the_same(generated: dict[str, str]) -> None:
    assert artifacts() == generated


def test_written_files_are_fresh_and_are_not_written_again(folder: Path, generated: dict[str, str]) -> None:
    assert stale(folder, generated) == []
    assert write(folder, generated) == []


def test_an_edited_file_is_named_and_put_right(folder: Path, generated: dict[str, str]) -> None:
    (folder / "schemas/message.v1.json").write_text("{}\n")
    assert stale(folder, generated) == ["schemas/message.v1.json"]
    assert write(folder, generated) == ["schemas/message.v1.json"]
    assert stale(folder, generated) == []


def test_a_missing_file_is_named(folder: Path, generated: dict[str, str]) -> None:
    (folder / "asyncapi/agentbus.yaml").unlink()
    assert stale(folder, generated) == ["asyncapi/agentbus.yaml"]


def test_a_left_over_file_is_named_and_removed(folder: Path, generated: dict[str, str]) -> None:
    (folder / "schemas/gone.v1.json").write_text("{}\n")
    assert stale(folder, generated) == ["schemas/gone.v1.json"]
    write(folder, generated)
    assert not (folder / "schemas/gone.v1.json").exists()


def test_the_command_names_stale_files_and_exits_1(tmp_path: Path) -> None:
    copy = tmp_path / "contracts"
    shutil.copytree(CONTRACTS, copy, ignore=shutil.ignore_patterns("src", "node_modules"))
    run = subprocess.run(
        [sys.executable, copy / "generate.py", "--check"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "stale: contracts/typescript/src/agentbus.ts" in run.stderr
    assert "make contracts" in run.stderr
    assert not (copy / "typescript/src").exists()
