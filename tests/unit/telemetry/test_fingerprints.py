"""The same error is one group wherever and whenever it happens; another error is another group."""

import pytest
from support.profiles import STACK

from agentbus.telemetry.aggregation.fingerprints import fingerprint


def stack(user: str = "ann", tool: str = "ruff", line: int = 3) -> str:
    return STACK.format(user=user, tool=tool, line=line)


def test_lines_addresses_and_folders_do_not_tell_errors_apart() -> None:
    assert fingerprint("SyntaxError", "a", stack()) == fingerprint("SyntaxError", "b", stack("bob", line=99))


@pytest.mark.parametrize(
    ("kind", "trace"), [("ValueError", stack()), ("SyntaxError", stack(tool="mypy")), ("SyntaxError", "")]
)
def test_another_type_or_way_is_another_error(kind: str, trace: str) -> None:
    assert fingerprint(kind, "a", trace) != fingerprint("SyntaxError", "a", stack())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("no answer within 30 s", "no answer within 5 s"),
        ("no file /home/ann/a.py", "no file /srv/checkout/b.py"),
        (
            "plan 0af76519-16cd-43dd-8448-eb211c80319c is gone",
            "plan 1bf76519-16cd-43dd-8448-eb211c80319d is gone",
        ),
        ("object at 0x7f3a", "object at 0x11"),
    ],
)
def test_without_a_stack_the_message_decides_without_what_varies(one: str, other: str) -> None:
    assert fingerprint("E", one, "") == fingerprint("E", other, "")
    assert fingerprint("E", one, "") != fingerprint("E", f"{one} and more", "")


def test_a_recursion_is_one_error_however_deep() -> None:
    frame = '  File "/srv/app/src/walk.py", line 7, in walk\n'
    assert fingerprint("RecursionError", "", frame * 3) == fingerprint("RecursionError", "", frame * 900)


def test_a_stack_of_another_language_counts_without_its_numbers() -> None:
    script = "Error: no\n    at run (/app/{user}/dist/index.js:{line}:9)"
    first, second = script.format(user="ann", line=3), script.format(user="bob", line=77)
    assert fingerprint("Error", "", first) == fingerprint("Error", "", second)
    assert fingerprint("Error", "", first) != fingerprint("Error", "", first.replace("run", "walk"))
