"""The same data twice changes nothing, and nothing that stands in the workspace is overwritten (E1, E2)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentbus.workspace.imports.dump import Found
from agentbus.workspace.imports.items import Item, judge
from agentbus.workspace.imports.outcome import Brought, Decision, Place, content, decide, moment
from agentbus.workspace.model import Stored, dumped

IDS = st.sampled_from(["t1", "t2", "t3"])
TASKS = st.lists(
    st.fixed_dictionaries(
        {"id": IDS, "title": st.sampled_from(["a", "b"]), "updatedAt": st.integers(0, 3)},
    ),
    max_size=8,
)


def items(*values: dict[str, Any]) -> list[Item]:
    judged = [judge(Found("tasks", "task-store", index, value)) for index, value in enumerate(values)]
    assert all(isinstance(each, Item) for each in judged)
    return [each for each in judged if isinstance(each, Item)]


def outcomes(decisions: list[Decision]) -> list[str]:
    return [decision.outcome for decision in decisions]


def stored(item: Item, seq: int = 1, **fields: Any) -> Stored:
    document = {"createdAt": "now", "_deleted": False, **item.document, "updatedAt": "now", **fields}
    return Stored("tasks", item.id, seq, dumped(document), "ada")


def after(decisions: list[Decision]) -> dict[Place, Stored]:
    """What the workspace holds when the decisions were carried out."""
    brought = [each.item for each in decisions if each.outcome == "imported"]
    return {("tasks", item.id): stored(item) for item in brought}


def test_new_equal_and_different() -> None:
    new, equal, other, deleted = items({"id": "t1"}, {"id": "t2"}, {"id": "t3"}, {"id": "t4"})
    present: dict[Place, Stored] = {
        ("tasks", "t2"): stored(equal),
        ("tasks", "t3"): stored(other, title="another"),
        ("tasks", "t4"): stored(deleted, _deleted=True),
    }
    decisions = decide([new, equal, other, deleted], present, {})
    assert outcomes(decisions) == ["imported", "unchanged", "conflict", "conflict"]


def test_what_was_brought_before_stays_as_it_has_become_since() -> None:
    (item,) = items({"id": "t1", "title": "old"})
    (decision,) = decide([item], {("tasks", "t1"): stored(item, title="new")}, {content(item): Brought(7)})
    assert decision.outcome == "unchanged"
    assert "gone on since" in (decision.reason or "")


def test_a_conflict_that_was_recorded_stays_one() -> None:
    (item,) = items({"id": "t1", "title": "old"})
    (decision,) = decide([item], {("tasks", "t1"): stored(item, title="new")}, {content(item): Brought(None)})
    assert (decision.outcome, decision.reason) == ("conflict", "was recorded as a conflict before")


def test_of_the_same_id_twice_the_newest_is_taken_and_the_other_is_a_conflict() -> None:
    decisions = decide(
        items(
            {"id": "t1", "title": "old", "updatedAt": "2025-05-01T00:00:00.000Z"},
            {"id": "t1", "title": "new", "updatedAt": 1_800_000_000_000},
            {"id": "t1", "title": "new", "updatedAt": 3},
        ),
        {},
        {},
    )
    assert outcomes(decisions) == ["conflict", "imported", "unchanged"]
    assert decisions[0].reason == "task-store[1] has the same id and is newer"


@given(TASKS)
def test_the_second_time_nothing_is_imported(values: list[dict[str, Any]]) -> None:
    found = items(*values)
    first = decide(found, {}, {})
    brought = {content(each.item): Brought(None if each.outcome == "conflict" else 1) for each in first}
    again = decide(found, after(first), brought)
    assert "imported" not in outcomes(again)
    assert [each == "conflict" for each in outcomes(again)] == [
        each == "conflict" for each in outcomes(first)
    ]


@given(TASKS)
def test_each_id_is_imported_once_and_nothing_is_lost(values: list[dict[str, Any]]) -> None:
    decisions = decide(items(*values), {}, {})
    taken = [each.item.id for each in decisions if each.outcome == "imported"]
    assert sorted(taken) == sorted({value["id"] for value in values})
    kept = {each.item.came for each in decisions if each.outcome in ("imported", "conflict")}
    assert kept == {each.item.came for each in decisions}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (None, "2025-05-01"),
        ("2025-05-01", 1746144000000),
        (1746144000000, "2025-05-03T00:00:00.000Z"),
        ("2025-05-03T00:00:00.000Z", "2025-05-04T00:00:00+00:00"),
    ],
)
def test_times_in_every_form_are_compared(earlier: Any, later: Any) -> None:
    assert moment(earlier) < moment(later)


@pytest.mark.parametrize("written", ["soon", [], {}, float("nan"), 1e300, "9" * 99])
def test_what_is_no_time_was_long_ago(written: Any) -> None:
    assert moment(written) == moment(None)
