"""Whether a schema may replace the last released one while readers and writers of both versions run.

Both ways must work: the new reader reads everything that the old writer wrote (the log is kept for good), and
the old reader survives everything that the new writer writes. So a field may be added when it is optional,
words may change, and nothing else. A keyword that has no rule here counts as a break when it changed.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from agentbus.contracts.generation.keywords import ALTERNATIVES, BOUNDS, KINDS, STRUCTURE, WORDS

Json = Mapping[str, Any]

_RULED: Final = KINDS | BOUNDS | {"default"}


def breaks(old: Mapping[str, Json], new: Mapping[str, Json]) -> list[str]:
    """Returns why the schemas `new` may not replace `old` (both by name); empty when they may."""
    removed = [f"{name}: the schema was removed" for name in sorted(old.keys() - new.keys())]
    changed = [
        f"{name}{problem}"
        for name in sorted(old.keys() & new.keys())
        for problem in schema_breaks(old[name], new[name])
    ]
    return removed + changed


def schema_breaks(old: Json, new: Json) -> list[str]:
    """Returns why the schema `new` may not replace `old`, each with the place in the document."""
    return list(_Comparison(old, new).compare(old, new, ""))


class _Comparison:
    """One walk over two documents; `seen` ends it where definitions refer to themselves."""

    def __init__(self, old_root: Json, new_root: Json) -> None:
        self.old_root, self.new_root = old_root, new_root
        self.seen: set[tuple[str, str]] = set()

    def compare(self, old: Any, new: Any, at: str) -> Iterator[str]:
        if isinstance(old, bool) or isinstance(new, bool):
            if old is not new:
                yield f"{at}: {old} became {new}"
            return
        if "$ref" in old and "$ref" in new:
            pair = (old["$ref"], new["$ref"])
            if pair in self.seen:
                return
            self.seen.add(pair)
        old, new = _resolved(old, self.old_root), _resolved(new, self.new_root)
        yield from _closed_changes(old, new, at)
        yield from self._properties(old, new, at)
        yield from self._branches(old, new, at)
        for keyword in ("items", "additionalProperties"):
            yield from self._nested(keyword, old, new, at)

    def _properties(self, old: Json, new: Json, at: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in sorted(before.keys() - after.keys()):
            yield f"{at}.{name}: the field was removed or renamed"
        was, now = set(old.get("required", [])), set(new.get("required", []))
        for name in sorted(now - was):
            yield f"{at}.{name}: the field is now required, and old records may lack it"
        for name in sorted(was - now):
            yield f"{at}.{name}: the field is no longer required, and old readers need it"
        for name in sorted(before.keys() & after.keys()):
            yield from self.compare(before[name], after[name], f"{at}.{name}")

    def _branches(self, old: Json, new: Json, at: str) -> Iterator[str]:
        for keyword in ALTERNATIVES:
            before, after = old.get(keyword, []), new.get(keyword, [])
            if len(before) != len(after):
                yield f"{at}: {keyword} has {len(after)} alternatives instead of {len(before)}"
                continue
            for index, (left, right) in enumerate(zip(before, after, strict=True)):
                yield from self.compare(left, right, f"{at}|{index}")

    def _nested(self, keyword: str, old: Json, new: Json, at: str) -> Iterator[str]:
        if old.get(keyword, True) is not new.get(keyword, True):
            yield from self.compare(old.get(keyword, True), new.get(keyword, True), f"{at}[{keyword}]")


def _closed_changes(old: Json, new: Json, at: str) -> Iterator[str]:
    for keyword in sorted((old.keys() | new.keys()) - WORDS - STRUCTURE - {*ALTERNATIVES}):
        if old.get(keyword) == new.get(keyword) and (keyword in old) == (keyword in new):
            continue
        doubt = "" if keyword in _RULED else ", which this checker cannot classify"
        yield f"{at}: {keyword} changed from {old.get(keyword)!r} to {new.get(keyword)!r}{doubt}"


def _resolved(schema: Json, root: Json) -> Json:
    """What a reference stands for, with the words beside it."""
    if "$ref" not in schema:
        return schema
    name = str(schema["$ref"]).removeprefix("#/$defs/")
    return {**root["$defs"][name], **{key: value for key, value in schema.items() if key != "$ref"}}


def openapi_breaks(old: Json, new: Json) -> list[str]:
    """Returns why the OpenAPI document `new` may not replace `old`: routes, parameters and bodies."""
    found = []
    for route, operation in sorted(_operations(old).items()):
        if (now := _operations(new).get(route)) is None:
            found.append(f"{route}: the route was removed")
            continue
        demanded, dropped = _required(now) - _required(operation), _named(operation) - _named(now)
        found += [f"{route}: parameter {name} is now required" for name in sorted(demanded)]
        found += [f"{route}: parameter {name} was removed" for name in sorted(dropped)]
    return found + breaks(_bodies(old), _bodies(new))


def _operations(document: Json) -> dict[str, Json]:
    return {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def _named(operation: Json) -> set[str]:
    return {parameter["name"] for parameter in operation.get("parameters", [])}


def _required(operation: Json) -> set[str]:
    return {each["name"] for each in operation.get("parameters", []) if each.get("required")}


def _bodies(document: Json) -> dict[str, Json]:
    text = json.dumps(document["components"]["schemas"]).replace("#/components/schemas/", "#/$defs/")
    schemas = json.loads(text)
    return {name: {**schema, "$defs": schemas} for name, schema in schemas.items()}
