"""What the system is made of, as a CycloneDX 1.5 document (ECMA-424): `make sbom`.

Guarantees to name everything that is locked: the Python packages (`uv.lock`), Kafka's jars and FerretDB's Go
modules, with the hashes that the fetch checks, and the Go toolchain that may be fetched to build with.
Licences are those that installed packages declare. Needs no network. Called by the Makefile.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any, Final

from agentbus.embedded import golang
from agentbus.embedded.errors import EmbeddedError
from agentbus.embedded.ferretdb_build import MODULE
from agentbus.embedded.kafka_jars import read_lock
from agentbus.embedded.repository import ROOT

Component = dict[str, Any]

_EXPORT: Final = ("export", "--frozen", "--offline", "--quiet", "--no-dev", "--all-packages", "--all-extras")
_UNKNOWN: Final = "not declared"
_NAME_CHARACTERS: Final = 60
_OPENING: Final = re.compile(r"^License :: (?:OSI Approved :: )?(?=.)")


def bill_of_materials(uv: str = "uv") -> dict[str, Any]:
    """Returns the document. Raises EmbeddedError when uv cannot read its lock."""
    done = subprocess.run(  # noqa: S603  our own words
        [uv, *_EXPORT, "--format", "cyclonedx1.5"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise EmbeddedError(f"uv cannot export its lock: {done.stderr.strip()}")
    document: dict[str, Any] = json.loads(done.stdout)
    document["components"] = [_licensed(each) for each in document["components"]]
    document["components"] += [*_jars(), *_go_modules(), *_build_tools()]
    return document


def licences(document: dict[str, Any]) -> Counter[str]:
    """Returns how many of the third-party Python packages declare each licence."""
    packages = [each for each in document["components"] if each.get("purl", "").startswith("pkg:pypi/")]
    return Counter(_declared(each) for each in packages)


def _declared(component: Component) -> str:
    for entry in component.get("licenses", ()):
        return str(entry.get("expression") or entry["license"]["name"])
    return _UNKNOWN


def _licensed(component: Component) -> Component:
    if "purl" not in component:
        return component
    try:
        about = metadata(component["name"])
    except PackageNotFoundError:  # for another platform or an extra that is not installed
        return component
    if expression := about.get_all("License-Expression", []):
        return {**component, "licenses": [{"expression": expression[0]}]}
    names = [_OPENING.sub("", line) for line in about.get_all("Classifier", []) if _OPENING.match(line)]
    # Some put the whole text of their licence there.
    names = names or [text for text in about.get_all("License", []) if 0 < len(text) <= _NAME_CHARACTERS]
    return {**component, "licenses": [{"license": {"name": name}} for name in names]} if names else component


def _jars() -> Iterator[Component]:
    for jar in read_lock():
        purl = f"pkg:maven/{jar.group}/{jar.artifact}@{jar.version}"
        yield {
            **_component(jar.artifact, jar.version, purl),
            "group": jar.group,
            "hashes": [{"alg": "SHA-256", "content": jar.sha256}],
        }


def _go_modules() -> Iterator[Component]:
    required = re.findall(r"([\w./-]+/[\w./-]+) (v\S+)", _read(MODULE / "go.mod"))
    sums = dict(re.findall(r"^(\S+ v[^\s/]+) (h1:\S+)$", _read(MODULE / "go.sum"), re.MULTILINE))
    for name, version in required:
        component = _component(name, version, f"pkg:golang/{name}@{version}")
        # Go's own kind of hash, over the module's files: CycloneDX has no name for it.
        digest = sums[f"{name} {version}"]
        yield {**component, "properties": [{"name": "golang:sum", "value": digest}]}


def _build_tools() -> Iterator[Component]:
    name, version = golang.WHEEL.split("==")
    yield {**_component(name, version, f"pkg:pypi/{name}@{version}"), "scope": "excluded"}


def _component(name: str, version: str, purl: str) -> Component:
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    found = bill_of_materials()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(found, indent=2) + "\n")
    kinds = Counter(re.findall(r'"purl": "pkg:(\w+)/', json.dumps(found["components"])))
    print(f"{target}: {', '.join(f'{count} {kind}' for kind, count in kinds.items())}")  # noqa: T201
    for licence, count in licences(found).most_common():
        print(f"{count:5}  {licence}")  # noqa: T201
