"""Looking for secrets takes steps in proportion to the text, whatever stands in it: counted, not timed."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.counting_matcher import CountingMatcher
from support.secret_samples import IN_CONTEXT, SHAPED

from agentbus.observability.secrets.assignments import _VALUE, _WORD
from agentbus.observability.secrets.shapes import SHAPES

STEPS_A_CHARACTER = 600
CHARACTERS = 2000
MARKS = sorted({mark for shape in SHAPES for mark in shape.marks})
FILLERS = ["a", "A1", "-", "_", ".", " ", "\n", "\\", '"', "'", "=", ":", "/", "@", ";", "0", "é", "password"]
PIECES = st.sampled_from([*MARKS, *FILLERS, "-----BEGIN ", "-----", "KEY-----", "Authorization", "token is"])
HOSTILE = st.lists(PIECES, min_size=1, max_size=5).map("".join)


def steps(pattern: re.Pattern[str], text: str) -> int:
    matcher = CountingMatcher(pattern)
    matcher.spans(text)
    return matcher.steps


def all_steps(text: str) -> int:
    tried = [shape.pattern for shape in SHAPES if any(mark in text for mark in shape.marks)]
    values = CountingMatcher(_VALUE)
    for name in _WORD.finditer(text.lower()):
        values.match(text, name.end())
    return values.steps + sum(steps(pattern, text) for pattern in tried)


@given(HOSTILE)
@settings(max_examples=25)
def test_each_character_is_looked_at_a_bounded_number_of_times(piece: str) -> None:
    text = (piece * CHARACTERS)[:CHARACTERS]
    assert all_steps(text) <= STEPS_A_CHARACTER * CHARACTERS


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.kind)
def test_the_counting_matcher_finds_what_re_finds(shape: object) -> None:
    samples = [each for many in SHAPED.values() for each in many]
    text = " ".join([*samples, *(context.format(secret) for _, context, secret in IN_CONTEXT)])
    pattern = shape.pattern  # type: ignore[attr-defined]
    assert CountingMatcher(pattern).spans(text) == [match.span() for match in pattern.finditer(text)]


def test_a_pattern_that_backtracks_is_found() -> None:
    few, many = (steps(re.compile(r"(?:a|aa){0,64}b"), "a" * length) for length in (10, 20))
    assert many > 50 * few
    quadratic = [steps(re.compile("a+b"), "a" * length) for length in (100, 200)]
    assert quadratic[1] > 3.5 * quadratic[0]
