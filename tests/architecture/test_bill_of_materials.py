"""The bill of materials names everything that is locked, each thing once, in CycloneDX's form (ECMA-424)."""

import copy
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from agentbus.embedded.bill_of_materials import bill_of_materials, licences

ROOT = Path(__file__).parents[2]
LICENCES_NAMED = 0.9
HEAD = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return bill_of_materials()


def problems(document: dict[str, Any]) -> list[str]:
    """Returns what is wrong with a bill of materials of this repository."""
    found = [] if HEAD.items() <= document.items() else ["not CycloneDX 1.5"]
    for component in document["components"]:
        hashes = [each["content"] for each in component.get("hashes", ())]
        if not {"type", "name", "version", "bom-ref"} <= component.keys():
            found.append(f"{component.get('name')}: fields are missing")
        elif not all(re.fullmatch("[0-9a-f]{64}", each) for each in hashes):
            found.append(f"{component['name']}: its hash is not SHA-256")
    references = [component.get("bom-ref") for component in document["components"]]
    if len(references) != len(set(references)):
        found.append("a bom-ref stands twice")
    named = {component.get("purl", "") for component in document["components"]}
    return found + [f"{purl}: not named" for purl in sorted(_locked() - named)]


def _locked() -> set[str]:
    """Everything that a lock names, apart from what only tests need."""
    jars = (line.split()[0].split(":") for line in (ROOT / "infra/kafka/jars.lock").read_text().splitlines())
    modules = re.findall(r"([\w./-]+/[\w./-]+) (v\S+)", (ROOT / "infra/ferretdb/go.mod").read_text())
    return {
        *(f"pkg:maven/{group}/{artifact}@{version}" for group, artifact, version in jars),
        *(f"pkg:golang/{name}@{version}" for name, version in modules),
        *(f"pkg:pypi/{name}@{version}" for name, version in _python_packages().items()),
    }


def _python_packages() -> dict[str, str]:
    packages = {each["name"]: each for each in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    wanted = {name for name, package in packages.items() if "editable" in package["source"]}
    while True:
        found = {each["name"] for name in wanted for each in packages[name].get("dependencies", ())} | wanted
        if found == wanted:
            break
        wanted = found
    return {name: packages[name]["version"] for name in wanted if "registry" in packages[name]["source"]}


def test_it_is_complete_and_valid(document: dict[str, Any]) -> None:
    assert problems(document) == []


def test_most_packages_declare_their_licence(document: dict[str, Any]) -> None:
    found = licences(document)
    assert found["not declared"] < (1 - LICENCES_NAMED) * found.total()


def test_what_is_missing_or_malformed_is_named(document: dict[str, Any]) -> None:
    bad = copy.deepcopy(document)
    bad["components"] = [each for each in bad["components"] if each["name"] not in ("aiokafka", "kafka_2.13")]
    bad["components"] += [{"name": "no type"}, {**bad["components"][0], "hashes": [{"content": "no hash"}]}]
    bad["specVersion"] = "9"
    assert {problem.split("@")[0] for problem in problems(bad)} == {
        "not CycloneDX 1.5",
        "no type: fields are missing",
        f"{bad['components'][0]['name']}: its hash is not SHA-256",
        "a bom-ref stands twice",
        "pkg:pypi/aiokafka",
        "pkg:maven/org.apache.kafka/kafka_2.13",
    }
