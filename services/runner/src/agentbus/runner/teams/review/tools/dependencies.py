"""Reads the manifests of Python, JavaScript, Rust, Go and PHP: what is depended on, and how loosely."""

from collections import Counter
from typing import Any, Final

from agentbus.runner.teams.review.finding import Finding, ToolResult
from agentbus.runner.teams.review.manifests import Dependency, reader_of
from agentbus.runner.teams.review.sources import Sources

_LOCKS: Final = {
    "Python": {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"},
    "JavaScript": {"package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock"},
    "Rust": {"Cargo.lock"},
    "Go": {"go.sum"},
    "PHP": {"composer.lock"},
}
_NAMES_LIMIT: Final = 60


def run(sources: Sources) -> ToolResult:
    """Returns each manifest; open versions, addresses and missing locks are findings."""
    manifests: list[dict[str, Any]] = []
    findings: list[Finding] = []
    first: dict[str, str] = {}
    for source in sources.each(lambda path: reader_of(path) is not None):
        found = reader_of(source.path)
        assert found is not None
        ecosystem, read = found
        try:
            manifest = read(source.text)
        except (ValueError, RecursionError) as error:
            findings.append(_unreadable(source.path, error))
            continue
        names = sorted({dependency.name for dependency in manifest.dependencies})
        if names:
            first.setdefault(ecosystem, source.path)
        entry = {"path": source.path, "ecosystem": ecosystem, "count": len(names)}
        manifests.append({**entry, "names": names[:_NAMES_LIMIT], "licence": manifest.licence})
        findings += [finding for each in manifest.dependencies if (finding := _finding(source.path, each))]
    present = {path.rpartition("/")[2] for path in sources.paths}
    findings += [
        _no_lock(path, ecosystem) for ecosystem, path in first.items() if not _LOCKS[ecosystem] & present
    ]
    ecosystems = Counter(manifest["ecosystem"] for manifest in manifests)
    return ToolResult({"ecosystems": dict(ecosystems), "manifests": manifests}, findings)


def _finding(path: str, dependency: Dependency) -> Finding | None:
    if dependency.kind == "open":
        message = f"{dependency.name} may be of any version"
        return Finding(path, dependency.line, "dependency", "low", "open-version", message)
    if dependency.kind == "address":
        message = f"{dependency.name} comes from an address instead of a registry"
        return Finding(path, dependency.line, "dependency", "low", "from-address", message)
    return None


def _no_lock(path: str, ecosystem: str) -> Finding:
    return Finding(path, 1, "dependency", "low", "no-lock", f"{ecosystem} dependencies without a lock file")


def _unreadable(path: str, error: Exception) -> Finding:
    message = f"the manifest cannot be read ({type(error).__name__})"
    return Finding(path, 1, "dependency", "medium", "broken-manifest", message)
