import pytest

from agentbus.chassis.negotiation import accepts_gzip, matches
from agentbus.plans.preferences import wait_seconds


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=10", 10),
        ("WAIT = 10", 10),
        ('wait="10"', 10),
        ("respond-async, wait=10; x=y", 10),
        ('note="a, wait=5", wait=7', 7),
        ("wait=10, wait=20", 10),
        ("wait=61", 60),
        ("wait=" + "9" * 5000, 60),
        ("", None),
        ("wait", None),
        ("wait=", None),
        ("wait=0", None),
        ("wait=-1", None),
        ("wait=1.5", None),
        ("wait=²", None),
        ('wait="10', None),
        ("waiting=10", None),
    ],
)
def test_how_long_to_wait(prefer: str, seconds: int | None) -> None:
    assert wait_seconds(prefer, 60) == seconds


@pytest.mark.parametrize(
    ("accept", "accepted"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0.001", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("identity", False),
        ("", False),
        ("xgzip", False),
    ],
)
def test_whether_to_compress(accept: str, accepted: bool) -> None:
    assert accepts_gzip(accept) is accepted


@pytest.mark.parametrize(
    ("header", "same"),
    [
        ('W/"1"', True),
        ('"1"', True),
        ('"0", W/"1"', True),
        ("*", True),
        ('"2"', False),
        ('"1,2"', False),
        ("", False),
    ],
)
def test_whether_it_is_known(header: str, same: bool) -> None:
    assert matches(header, 'W/"1"') is same
