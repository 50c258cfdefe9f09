"""Fixtures and options of the whole tree."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import hypothesis
import pytest
import structlog
from support.campaign.report import write as write_campaign
from support.stack import stack
from support.system import system
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

__all__ = ["stack", "system"]

WHOLE_SYSTEM = ("e2e", "fault", "browser", "observe")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much of the fault campaign is run, and where its figures go."""
    group = parser.getgroup("faults")
    group.addoption("--faults", choices=("quick", "full"), default="quick", help="the fault campaign")
    group.addoption("--fault-results", metavar="FILE", help="its figures as JSON, not in bench/results")


def pytest_configure() -> None:
    """No test fails for a busy machine's slowness, and logs of code under test are plain text.

    By default structlog has rich draw tracebacks, for seconds.
    """
    hypothesis.settings.register_profile("agentbus", deadline=None)
    hypothesis.settings.load_profile("agentbus")
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Keeps in one process what shares a file, or the whole system, when tests run in several (`-n 2`)."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "system" if Path(file).parts[1] in WHOLE_SYSTEM else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Of use for `make test`: its `--dist=loadgroup` lets tests of a group part under recent pytest."""
    return ByFile(config, log)


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Returns a function; what it is told stands at the end of the run's output, also of a green run."""
    return partial(record_property, "told")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints what tests told, and the fault campaign's table."""
    reports = (report for each in terminalreporter.stats.values() for report in each)
    told = [
        f"{report.nodeid.split('/')[-1]}: {text}"
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, text in report.user_properties
        if name == "told"
    ]
    if told:
        terminalreporter.section("told")
        terminalreporter.write_line("\n".join(told))
    write_campaign(terminalreporter, config.getoption("fault_results"))
