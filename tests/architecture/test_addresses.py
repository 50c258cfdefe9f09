"""Services take addresses from their settings, never make them: theirs would know no TLS and no password."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUS_ADDRESS = re.compile(r"\bBusAddress\(")
DATABASE = re.compile(r"\bconnect\((?![^()]*\*\*)[^()]*mongo_url[^()]*\)")


def problems(source: str) -> list[str]:
    """Returns what a service's module makes by hand."""
    code = re.sub(r'""".*?"""', "", source, flags=re.DOTALL)
    found = ["makes a BusAddress: settings.bus_address() knows TLS and password"] * bool(
        BUS_ADDRESS.search(code)
    )
    return found + ["connects without database_options()"] * bool(DATABASE.search(code))


def test_services_take_their_addresses_from_the_settings() -> None:
    sources = [*ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("libs/chassis/src/**/*.py")]
    assert len(sources) > 100
    assert {str(path): found for path in sources if (found := problems(path.read_text()))} == {}


def test_one_made_by_hand_is_named() -> None:
    assert len(problems("address = BusAddress(settings.kafka_bootstrap)")) == 1
    assert len(problems("connect(settings.mongo_url, settings.mongo_database)")) == 1
    assert problems("connect(settings.mongo_url, 'x', **settings.database_options)") == []
