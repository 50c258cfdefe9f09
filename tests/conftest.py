"""Fixtures and options of the whole tree."""

import pytest
from support.stack import stack
from support.system import system

__all__ = ["stack", "system"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much of the fault campaign is run, and where its figures go."""
    group = parser.getgroup("faults")
    group.addoption("--faults", choices=("quick", "full"), default="quick", help="the fault campaign")
    group.addoption("--fault-results", metavar="FILE", help="its figures as JSON, not in bench/results")
