"""A secret that is cut over several pieces of a live text does not show in any of them."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from support.secret_samples import IN_CONTEXT, SHAPED

from agentbus.observability.secrets.growing import GrowingText
from agentbus.observability.secrets.text import without_secrets

WORDS = st.sampled_from(["The", "report", "is:", "key", "=", "\n", " is ", "é", "a,b", "-----BEGIN", "token"])
SECRETS = st.sampled_from(
    [
        *(each for many in SHAPED.values() for each in many),
        *(context.format(secret) for _, context, secret in IN_CONTEXT),
    ]
)
TEXTS = st.lists(WORDS | SECRETS, max_size=8).map(lambda parts: f" {' '.join(parts)} ")


def published(text: str, cuts: list[int]) -> str:
    growing, out = GrowingText(), []
    edges = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    for begin, end in pairwise(edges):
        growing.add(text[begin:end])
        out.append(growing.ready())
    return "".join([*out, growing.rest()])


@given(TEXTS, st.lists(st.integers(0, 10_000), max_size=20))
@settings(max_examples=500)
def test_in_pieces_it_says_what_the_whole_text_says(text: str, cuts: list[int]) -> None:
    assert published(text, cuts) == without_secrets(text)


@given(SECRETS)
@settings(max_examples=100)
def test_letter_by_letter_too(secret: str) -> None:
    text = f"before {secret} after"
    assert published(text, list(range(len(text)))) == without_secrets(text)


def test_ordinary_text_is_shown_word_by_word() -> None:
    growing, out = GrowingText(), []
    for word in ("The ", "re", "port ", "is ", "done."):
        growing.add(word)
        out.append(growing.ready())
    assert [*out, growing.rest()] == ["The ", "", "report ", "is ", "", "done."]


def test_a_word_without_end_is_not_held_back_for_ever() -> None:
    growing = GrowingText()
    growing.add("x" * 100_000)
    assert len(growing.ready()) == 100_000 - 32_768
    assert len(growing.rest()) == 32_768
