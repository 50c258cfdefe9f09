"""Recognises licence files by their text, and compares them with what the manifests declare."""

import re
from typing import Final

from agentbus.runner.teams.review.finding import Finding, ToolResult
from agentbus.runner.teams.review.manifests import reader_of
from agentbus.runner.teams.review.sources import Sources

_FILE: Final = re.compile(r"(^|/)(licen[cs]e|copying|unlicense)([.-][\w.-]*)?$", re.IGNORECASE)
_HOW_MUCH: Final = 20_000
_SIGNS: Final = (
    ("AGPL-3.0", "gnu affero general public license"),
    ("LGPL-3.0", "gnu lesser general public license version 3"),
    ("LGPL-2.1", "gnu lesser general public license version 2.1"),
    ("GPL-3.0", "gnu general public license version 3"),
    ("GPL-2.0", "gnu general public license version 2"),
    ("Apache-2.0", "apache license version 2.0"),
    ("MPL-2.0", "mozilla public license version 2.0"),
    ("EPL-2.0", "eclipse public license - v 2.0"),
    ("BUSL-1.1", "business source license 1.1"),
    ("CC0-1.0", "cc0 1.0 universal"),
    ("Unlicense", "this is free and unencumbered software released into the public domain"),
    ("ISC", "permission to use, copy, modify, and/or distribute this software for any purpose"),
    ("BSD-3-Clause", "neither the name of"),
    ("BSD-2-Clause", "redistributions in binary form must reproduce"),
    ("MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"),
)


def run(sources: Sources) -> ToolResult:
    """Returns the licence of each licence file; none at all, or another one than declared, is a finding."""
    files = {
        source.path: recognise(source.text)
        for source in sources.each(lambda path: _FILE.search(path) is not None)
    }
    declared = _declared(sources)
    summary = {"files": files, "declared": declared}
    if not files and sources.paths:
        severity, line = ("info", 1) if declared else ("low", 0)
        message = "no licence file" + ("" if declared else ": nobody else may use this code")
        return ToolResult(summary, [Finding(".", line, "licence", severity, "no-licence-file", message)])
    return ToolResult(summary, _contradictions(files, declared))


def recognise(text: str) -> str | None:
    """Returns the SPDX name of the licence (without "-only" or "-or-later"), or None when it is not known."""
    words = re.sub(r'[*#"]', " ", text[:_HOW_MUCH]).lower().split()
    plain = " ".join(words).replace("license, version", "license version")
    positions = [(plain.find(sign), name) for name, sign in _SIGNS if sign in plain]
    strong = [(at, name) for at, name in positions if not name.startswith("BSD")]
    return min(strong)[1] if strong else positions[0][1] if positions else None


def _declared(sources: Sources) -> dict[str, str]:
    declared = {}
    for source in sources.each(lambda path: reader_of(path) is not None):
        found = reader_of(source.path)
        assert found is not None
        try:
            licence = found[1](source.text).licence
        except (ValueError, RecursionError):
            continue
        if licence:
            declared[source.path] = licence
    return declared


def _contradictions(files: dict[str, str | None], declared: dict[str, str]) -> list[Finding]:
    findings = [
        Finding(path, 1, "licence", "info", "unknown-licence", "the text is none of the usual licences")
        for path, name in files.items()
        if name is None
    ]
    for path, licence in declared.items():
        folder = path.rpartition("/")[0]
        beside = [name for file, name in files.items() if name and file.rpartition("/")[0] == folder]
        if beside and not any(name.lower() in licence.lower() for name in beside):
            message = f"declared is {licence!r}, the licence file is {beside[0]}"
            findings.append(Finding(path, 1, "licence", "medium", "other-licence", message))
    return findings
