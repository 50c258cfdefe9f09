"""An operator's patterns come one a line, commas and all."""

import pytest

from agentbus.chassis.settings import ServiceSettings


def test_one_pattern_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTBUS_REDACT_PATTERNS", "ACME-\\d{2,6}\n\n  X-[a-z]+ \n")
    assert ServiceSettings().redact_patterns == (r"ACME-\d{2,6}", "X-[a-z]+")
    monkeypatch.delenv("AGENTBUS_REDACT_PATTERNS")
    assert ServiceSettings().redact_patterns == ()
