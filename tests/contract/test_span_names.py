"""Every span is named in contracts/telemetry/spans.yaml as it is, and every name there is a span.

People's searches and dashboards of traces rely on the names. Read from the source: a span's name is always
written where it begins.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DECLARED = ROOT / "contracts" / "telemetry" / "spans.yaml"
NOT_ATTRIBUTES = frozenset({"name", "kind", "parent", "links", "error", "failure", None})
Spans = dict[str, dict[str, Any]]


def spans_in(source: str) -> Iterator[tuple[str, str, set[str]]]:
    """Yields the name, kind and plainly written attributes of each span; `{}` stands for what is filled in.

    A span that is renamed has the later name and the kind of its beginning.
    """
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    renamed = [call.args[0] for call in calls if getattr(call.func, "attr", "") == "update_name"]
    for call in calls:
        if getattr(call.func, "id", "") in ("span", "record"):
            given = {word.arg: word.value for word in call.keywords}
            name = renamed[0] if isinstance(call.args[0], ast.Name) and renamed else call.args[0]
            kind = call.args[1] if len(call.args) > 1 else given.get("kind", ast.Constant("internal"))
            yield _text(name), _text(kind), {str(word) for word in given.keys() - NOT_ATTRIBUTES}


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    assert isinstance(node, ast.Constant), f"a span's name and kind are literals: {ast.unparse(node)}"
    return str(node.value)


def problems(declared: Spans, *sources: str) -> list[str]:
    """What differs."""
    known = {(template(name), entry["kind"]): entry for name, entry in declared.items()}
    found = [span for source in sources for span in spans_in(source)]
    wrong = [
        f"not as in {DECLARED.name}: {name}, {kind}, {sorted(attributes)}"
        for name, kind, attributes in found
        if (name, kind) not in known or not attributes <= set(known[name, kind].get("attributes", []))
    ]
    begun = {name for name, *_ in found}
    return wrong + [f"no such span: {name}, {kind}" for name, kind in known if name not in begun]


def template(name: str) -> str:
    return re.sub(r"\{.*?\}", "{}", name)


def test_the_contract_names_every_span_as_it_is() -> None:
    sources = [path.read_text() for path in sorted(ROOT.glob("*/*/src/agentbus/**/*.py"))]
    declared = yaml.safe_load(DECLARED.read_text())
    assert problems(declared, *sources) == []
    assert all(entry["help"] for entry in declared.values())


@pytest.mark.parametrize(
    ("declared", "source"),
    [
        ({}, "span('a')"),
        ({"a": {"kind": "internal"}}, ""),
        ({"a": {"kind": "internal"}}, "span('a', 'server')"),
        ({"a": {"kind": "internal"}}, "span('a', size=1)"),
        ({"a {tool}": {"kind": "internal"}}, "span('a')\nspan(f'a {b}')"),
    ],
)
def test_a_difference_is_named(declared: Spans, source: str) -> None:
    (problem,) = problems(declared, source)
    assert "a" in problem
