"""The campaign's check finds what is wrong: a known-bad case for each thing that it looks for."""

from copy import deepcopy
from typing import Any

import pytest
from support.campaign.comparison import Finding, Messages
from support.messages import message

from agentbus.cli.repair.difference import Difference, Kind, Report

SAID = ["message 0", "message 1", "message 2"]


def log() -> Messages:
    return [{**message("plan", seq), "content": said} for seq, said in enumerate(SAID, start=1)]


def test_nothing_is_wrong_with_what_is_the_same() -> None:
    finding = Finding()
    finding.compare_said("log", SAID, log())
    finding.compare_seen("socket", log(), log())
    assert finding == Finding()


@pytest.mark.parametrize(
    ("change", "lost", "doubled", "problem"),
    [
        (lambda found: found.pop(1), 1, 0, "1 lost"),
        (lambda found: found.insert(1, found[1]), 0, 1, "1 doubled"),
        (lambda found: found.reverse(), 0, 0, "not equal"),
        (lambda found: found[1].update(content="other"), 0, 0, "not equal"),
        (lambda found: found[1].pop("trace_id"), 0, 0, "not equal"),
        (lambda found: found.append({**found[-1], "seq": 4}), 0, 0, "not equal"),
    ],
)
def test_a_copy_that_differs_from_the_log(change: Any, lost: int, doubled: int, problem: str) -> None:
    finding, found = Finding(), deepcopy(log())
    change(found)
    finding.compare_seen("socket", log(), found)
    assert (finding.lost, finding.doubled) == (lost, doubled)
    assert problem in finding.problems[0]


@pytest.mark.parametrize(
    ("contents", "lost", "doubled"),
    [(SAID[:2], 1, 0), ([*SAID, SAID[0]], 0, 1), (SAID[::-1], 0, 0)],
)
def test_a_log_that_differs_from_what_was_said(contents: list[str], lost: int, doubled: int) -> None:
    finding = Finding()
    logged = [{**message("plan", seq), "content": said} for seq, said in enumerate(contents, start=1)]
    finding.compare_said("log", SAID, logged)
    assert (finding.lost, finding.doubled) == (lost, doubled)
    assert finding.problems


def test_a_log_with_a_hole() -> None:
    finding, logged = Finding(), log()
    for each in logged[1:]:
        each["seq"] += 1
    finding.compare_said("log", SAID, logged)
    assert finding.problems == ["log: not in order"]


def test_what_verify_finds_is_counted() -> None:
    finding = Finding()
    finding.take_in(
        Report(
            unstored=1,
            differences=[
                Difference(Kind.MISSING, "plan", 2, 4),
                Difference(Kind.DOUBLED, "plan", 5, 5),
                Difference(Kind.ALTERED, "plan", 6, 6, "content"),
            ],
        )
    )
    assert (finding.lost, finding.doubled) == (4, 1)
    assert finding.problems[-1] == "database, plan plan: altered 6 content"


def test_many_problems_are_counted_and_some_told() -> None:
    finding = Finding()
    for number in range(100):
        finding.count(f"plan {number}", lost=1, doubled=0)
    assert finding.lost == 100
    assert len(finding.problems) == 10
