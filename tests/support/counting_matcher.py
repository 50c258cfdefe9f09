"""Matches regular expressions as Python's `re` does, slowly, and counts the characters that it looks at.

So a test can hold a pattern to a number of steps instead of to seconds. Knows what our patterns use, by the
tree of `re`'s own parser; the order of tries is that of a backtracking matcher.
"""

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

c: Any = import_module("re._constants")
parser: Any = import_module("re._parser")
Then = Callable[[int], int | None]
_SETS = {
    getattr(c, f"CATEGORY_{name}"): re.compile(pattern)
    for name, pattern in {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w", "NOT_WORD": r"\W"}.items()
}
_ONE = (c.LITERAL, c.NOT_LITERAL, c.IN, c.ANY)


class CountingMatcher:
    """One pattern; `steps` grows with each character that is looked at."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._tree = list(parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE))
        self._flags = pattern.flags
        self._groups: dict[int, tuple[int, int]] = {}
        self._text = ""
        self.steps = 0

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Returns what `finditer` finds."""
        found, at = [], 0
        while at <= len(text):
            end = self.match(text, at)
            if end is not None:
                found.append((at, end))
            at = end if end is not None and end > at else at + 1
        return found

    def match(self, text: str, at: int) -> int | None:
        """Returns where the match at `at` ends, if there is one."""
        self._text = text
        return self._all(self._tree, 0, at, self._flags, lambda end: end)

    def _all(self, items: Sequence[Any], index: int, at: int, flags: int, then: Then) -> int | None:
        if index == len(items):
            return then(at)
        op, value = items[index]

        def rest(end: int) -> int | None:
            return self._all(items, index + 1, end, flags, then)

        if op in _ONE:
            return rest(at + 1) if self._one(op, value, at, flags) else None
        if op in (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT):
            least, most, inside = value
            return self._repeat(op, least, most, inside, at, flags, rest)
        if op is c.BRANCH:
            ends = (self._all(list(each), 0, at, flags, rest) for each in value[1])
            return next((end for end in ends if end is not None), None)
        if op is c.SUBPATTERN:
            return self._group(value, at, flags, rest)
        if op in (c.ASSERT, c.ASSERT_NOT):
            assert value[0] == 1, "no looking back"
            holds = self._all(list(value[1]), 0, at, flags, lambda end: end) is not None
            return rest(at) if holds == (op is c.ASSERT) else None
        if op is c.GROUPREF:
            begin, end = self._groups[value]
            return rest(at + end - begin) if self._text.startswith(self._text[begin:end], at) else None
        assert op is c.AT, op
        self.steps += 1
        where = {c.AT_BOUNDARY: r"\b", c.AT_END_STRING: r"\Z", c.AT_END: "$", c.AT_BEGINNING: "^"}[value]
        return rest(at) if re.compile(where).match(self._text, at) else None

    def _one(self, op: Any, value: Any, at: int, flags: int) -> bool:
        self.steps += 1
        if at >= len(self._text):
            return False
        letter = self._text[at]
        if op is c.ANY:
            return letter != "\n"
        letters = {letter.lower(), letter.upper()} if flags & re.IGNORECASE else {letter}
        if op is not c.IN:
            return (chr(value) in letters) == (op is c.LITERAL)
        negated = value[0][0] is c.NEGATE
        return any(self._in(each, letters) for each in value) != negated

    def _in(self, member: Any, letters: set[str]) -> bool:
        op, value = member
        if op is c.LITERAL:
            return chr(value) in letters
        if op is c.RANGE:
            return any(value[0] <= ord(each) <= value[1] for each in letters if len(each) == 1)
        return op is c.CATEGORY and any(_SETS[value].match(each) for each in letters)

    def _group(self, value: Any, at: int, flags: int, rest: Then) -> int | None:
        number, added, _, inside = value

        def close(end: int) -> int | None:
            if number is not None:
                self._groups[number] = (at, end)
            return rest(end)

        return self._all(list(inside), 0, at, flags | added, close)

    def _repeat(
        self, op: Any, least: int, most: int, inside: Any, at: int, flags: int, rest: Then
    ) -> int | None:
        items, ends = list(inside), [at]
        simple = len(items) == 1 and items[0][0] in _ONE
        assert simple or op is c.POSSESSIVE_REPEAT or most <= 64, "a repeated group may take back nothing"
        if not simple and op is not c.POSSESSIVE_REPEAT:
            return self._groups_in_turn(op, least, most, items, at, flags, rest)
        while len(ends) <= most:
            end = self._all(items, 0, ends[-1], flags, lambda end: end)
            if end is None or end == ends[-1]:
                break
            ends.append(end)
        if op is c.POSSESSIVE_REPEAT:
            return rest(ends[-1]) if len(ends) > least else None
        tries = ends[least:] if op is c.MIN_REPEAT else reversed(ends[least:])
        return next((found for end in tries if (found := rest(end)) is not None), None)

    def _groups_in_turn(
        self, op: Any, least: int, most: int, items: list[Any], at: int, flags: int, rest: Then
    ) -> int | None:
        assert op is c.MAX_REPEAT

        def turn(count: int, end: int) -> int | None:
            more = None
            if count < most:
                more = self._all(items, 0, end, flags, lambda next_end: turn(count + 1, next_end))
            return rest(end) if more is None and count >= least else more

        return turn(0, at)
