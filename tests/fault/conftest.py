"""Every test here breaks a part of the whole system and mends it. The rows of the campaign end as a table."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from support.campaign.campaign import Campaign
from support.campaign.fault import Outcome
from support.campaign.load import Load
from support.campaign.report import tell
from support.database_proxy import DatabaseProxy
from support.database_proxy import database_proxy as database_proxy_before
from support.system import System

from agentbus.embedded.stack import Stack

QUICK = Load(plans=20, messages_per_second=60, seconds=10, sockets=8, readers=2)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks the tests of this folder; leaves out those that only the other campaign has (`--faults`)."""
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    for item in here:
        item.add_marker(pytest.mark.fault)
    other = "quick_campaign" if config.getoption("faults") == "full" else "full_campaign"
    left_out = [item for item in here if item.get_closest_marker(other)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """Whether the campaign is to be run in full."""
    return bool(pytestconfig.getoption("faults") == "full")


@pytest.fixture(scope="session")
def outcomes() -> list[Outcome]:
    """The rows so far; a campaign on a system of its own adds to them, too."""
    return []


@pytest.fixture(autouse=True)
def _told(outcomes: list[Outcome], record_property: Callable[[str, object], None]) -> Iterator[None]:
    before = len(outcomes)
    yield
    for outcome in outcomes[before:]:
        tell(record_property, outcome)


@pytest.fixture(scope="session")
def campaign(system: System, full: bool, outcomes: list[Outcome]) -> Campaign:
    """The campaign on the session's system."""
    return Campaign(system, Load() if full else QUICK, 1.0 if full else 0.2, outcomes)


@pytest.fixture
async def database_proxy(system: System) -> AsyncIterator[DatabaseProxy]:
    """A proxy through which the session's persister writes, for one test: others start it their own way."""
    assert isinstance(system.stack, Stack), "containers cannot reach a proxy of the tests"
    async with database_proxy_before(system.stack.port("ferretdb")) as proxy:
        await _restart_persister(system, proxy.environment)
        yield proxy
        await _restart_persister(system, {})


async def _restart_persister(system: System, environment: dict[str, str]) -> None:
    await system.stack.stop("persister")
    await system.stack.start("persister", environment)
