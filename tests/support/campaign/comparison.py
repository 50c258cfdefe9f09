"""What differs between what was said, logged, stored and seen. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agentbus.cli.repair.difference import Kind, Report

Messages = list[dict[str, Any]]

_SHOWN = 10


@dataclass
class Finding:
    """What was found, in figures and in words."""

    messages: int = 0
    lost: int = 0
    doubled: int = 0
    dead_letters: int = 0
    problems: list[str] = field(default_factory=list)

    def count(self, where: str, *, lost: int, doubled: int) -> None:
        """Adds up what somebody missed, or got more than once."""
        self.lost += lost
        self.doubled += doubled
        if lost or doubled:
            self.tell(f"{where}: {lost} lost, {doubled} doubled")

    def tell(self, problem: str) -> None:
        """Keeps a problem, unless there are enough to see what is wrong."""
        if len(self.problems) < _SHOWN:
            self.problems.append(problem)

    def compare_said(self, where: str, expected: Sequence[str], logged: Messages) -> None:
        """What a team said stands on the log once, in its order; each `seq` once, from 1."""
        said = [message["content"] for message in logged if message["type"] == "agent_message"]
        missing, repeated = set(expected) - set(said), len(said) - len(set(said))
        self.count(where, lost=len(missing), doubled=repeated)
        in_order = [message["seq"] for message in logged] == list(range(1, len(logged) + 1))
        if not in_order or (said != list(expected) and not missing and not repeated):
            self.tell(f"{where}: not in order")

    def compare_seen(self, where: str, logged: Messages, seen: Messages) -> None:
        """The same objects as on the log, field by field, in the same order."""
        wanted, got = {message["seq"] for message in logged}, [message["seq"] for message in seen]
        lost, doubled = len(wanted - set(got)), len(got) - len(set(got))
        self.count(where, lost=lost, doubled=doubled)
        if seen != logged and not lost and not doubled:
            self.tell(f"{where}: not equal to the log")

    def take_in(self, report: Report) -> None:
        """Counts what `agentbus verify` found between the log and the database."""
        self.count("database", lost=report.unstored, doubled=0)
        for each in report.differences:
            where = f"database, plan {each.plan_id}"
            match each.kind:
                case Kind.MISSING:
                    self.count(where, lost=each.messages, doubled=0)
                case Kind.DOUBLED | Kind.FOREIGN:
                    self.count(where, lost=0, doubled=each.messages)
                case _:
                    self.tell(f"{where}: {each.kind} {each.seqs} {each.detail}")
