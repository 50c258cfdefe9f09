"""Reads what a project says it depends on, per package manager. Pure: text in, dependencies out.

A manifest that cannot be read raises ValueError. Only names are taken: an address may hold a token.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

Kind = str


@dataclass(frozen=True)
class Dependency:
    """One declared dependency. `kind`: pinned, bounded, open (any version), address (from no registry)."""

    name: str
    kind: Kind
    line: int


@dataclass(frozen=True)
class Manifest:
    """What a manifest says."""

    dependencies: list[Dependency]
    licence: str | None = None


_REQUIREMENT: Final = re.compile(r"^([A-Za-z0-9][\w.-]*)\s*(?:\[[^]]*\])?\s*([^;#]*)")
_GO_REQUIRE: Final = re.compile(r"^\s*(?:require\s+)?([\w.-]+\.[\w.-]+/\S+)\s+v\S+", re.MULTILINE)


def reader_of(path: str) -> tuple[str, Callable[[str], Manifest]] | None:
    """Returns the ecosystem and the reader of a manifest by its name, or None when it is none."""
    name = path.rpartition("/")[2]
    if re.fullmatch(r"requirements[\w.-]*\.(txt|in)", name):
        return "Python", _requirements
    return _READERS.get(name)


def _requirements(text: str) -> Manifest:
    lines = enumerate(text.splitlines(), start=1)
    found = (
        _requirement(line.strip(), number)
        for number, line in lines
        if not line.lstrip().startswith(("#", "-"))
    )
    return Manifest([dependency for dependency in found if dependency])


def _requirement(text: str, line: int) -> Dependency | None:
    match = _REQUIREMENT.match(text)
    if match is None:
        return None
    name, version = match.group(1), match.group(2).strip(" ()")
    if "@" in version or "://" in text.partition("#")[0]:
        return Dependency(name, "address", line)
    kind = "pinned" if version.startswith("==") else "bounded" if version else "open"
    return Dependency(name, kind, line)


def _pyproject(text: str) -> Manifest:
    data = tomllib.loads(text)
    project = _table(data, "project")
    declared = list(_list(project.get("dependencies")))
    for extra in _table(project, "optional-dependencies").values():
        declared += _list(extra)
    for group in _table(data, "dependency-groups").values():
        declared += _list(group)
    own = set(_table(data, "tool", "uv", "sources"))
    found = [_requirement(entry, _line_of(text, entry)) for entry in declared if isinstance(entry, str)]
    poetry = _versions(_table(data, "tool", "poetry", "dependencies"), text)
    dependencies = [dependency for dependency in found if dependency and dependency.name not in own]
    return Manifest(
        [*dependencies, *(item for item in poetry if item.name != "python")], _licence(project.get("license"))
    )


def _package_json(text: str) -> Manifest:
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("it is not an object")  # noqa: TRY004  a broken manifest, whatever way
    tables = ("dependencies", "devDependencies", "optionalDependencies")
    found = [item for table in tables for item in _versions(_table(data, table), text)]
    return Manifest(found, _licence(data.get("license")))


def _cargo(text: str) -> Manifest:
    data = tomllib.loads(text)
    tables = ("dependencies", "dev-dependencies", "build-dependencies")
    found = [item for table in tables for item in _versions(_table(data, table), text)]
    return Manifest(found, _licence(_table(data, "package").get("license")))


def _go(text: str) -> Manifest:
    found = _GO_REQUIRE.finditer(text)
    return Manifest(
        [Dependency(match.group(1), "pinned", text.count("\n", 0, match.start(1)) + 1) for match in found]
    )


def _composer(text: str) -> Manifest:
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("it is not an object")  # noqa: TRY004  a broken manifest, whatever way
    found = [item for table in ("require", "require-dev") for item in _versions(_table(data, table), text)]
    return Manifest(found, _licence(data.get("license")))


def _versions(table: dict[str, Any], text: str) -> Iterator[Dependency]:
    for name, wanted in table.items():
        yield Dependency(name, _kind(wanted), _line_of(text, name))


def _kind(wanted: Any) -> Kind:
    if isinstance(wanted, dict):
        if {"path", "workspace"} & wanted.keys():
            return "bounded"
        return "address" if {"git", "url"} & wanted.keys() else _kind(wanted.get("version"))
    version = str(wanted or "").strip()
    if version.startswith(("workspace:", "file:", "link:", "npm:", "catalog:")):
        return "bounded"
    if "://" in version or version.startswith(("git", "github:")):
        return "address"
    if version in {"", "*", "latest", "x"}:
        return "open"
    return "pinned" if re.fullmatch(r"=?\s*\d+(\.\d+)+[\w.+-]*", version) else "bounded"


def _table(data: dict[str, Any], *path: str) -> dict[str, Any]:
    value: Any = data
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _licence(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("text") or value.get("type")
    return value.strip()[:60] if isinstance(value, str) and value.strip() else None


def _line_of(text: str, entry: str) -> int:
    """Returns the line that first has `entry` in quotes or as a key; 1 when it is written otherwise."""
    forms = (f'"{entry}"', f"'{entry}'", f"\n{entry}")
    position = next((at for form in forms if (at := text.find(form)) >= 0), -1)
    return 1 if position < 0 else text.count("\n", 0, position + 1) + 1


_READERS: Final[dict[str, tuple[str, Callable[[str], Manifest]]]] = {
    "pyproject.toml": ("Python", _pyproject),
    "package.json": ("JavaScript", _package_json),
    "Cargo.toml": ("Rust", _cargo),
    "go.mod": ("Go", _go),
    "composer.json": ("PHP", _composer),
}
