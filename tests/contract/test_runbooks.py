"""Whoever is woken finds what to do: every alert has a runbook, and every runbook an alert (H5)."""

from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from agentbus.telemetry.alerts.figure_watcher import COST, FAILURES
from agentbus.telemetry.alerts.model import runbook
from agentbus.telemetry.alerts.overdue import RULE as RULE_OVERDUE
from agentbus.telemetry.alerts.resource_rules import RULES as RESOURCE_RULES

ROOT = Path(__file__).parent.parent.parent
RULES = ROOT / "infra" / "observability" / "rules.yml"
RUNBOOKS = ROOT / "infra" / "runbooks"
OWN = [RULE_OVERDUE, FAILURES, COST, *(rule.name for rule in RESOURCE_RULES)]


def faults(rules: str, runbooks: dict[str, str], own: Iterable[str] = ()) -> list[str]:
    """Returns what is missing between alert rules, Prometheus' and our `own`, and runbooks (text by path)."""
    alerts = [rule for group in yaml.safe_load(rules)["groups"] for rule in group["rules"]]
    named = {alert["alert"]: alert["annotations"].get("runbook", "") for alert in alerts}
    named |= {name: runbook(name) for name in own}
    missing = [f"{alert}: no runbook {path!r}" for alert, path in named.items() if path not in runbooks]
    titles = [
        f"{path} is not about {alert}"
        for alert, path in named.items()
        if path in runbooks and not runbooks[path].startswith(f"# {alert}:")
    ]
    return missing + titles + [f"{path}: no alert" for path in runbooks if path not in named.values()]


def found() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text() for path in RUNBOOKS.glob("*.md")}


def test_alerts_and_runbooks_belong_together() -> None:
    assert faults(RULES.read_text(), found(), OWN) == []


RULE = "groups: [{name: g, rules: [{alert: Broken, annotations: {runbook: infra/runbooks/broken.md}}]}]"


@pytest.mark.parametrize(
    ("runbooks", "fault"),
    [
        ({}, "Broken: no runbook 'infra/runbooks/broken.md'"),
        ({"infra/runbooks/broken.md": "# Other: x"}, "infra/runbooks/broken.md is not about Broken"),
        (
            {"infra/runbooks/broken.md": "# Broken: x", "infra/runbooks/old.md": "# Old: x"},
            "infra/runbooks/old.md: no alert",
        ),
    ],
)
def test_a_missing_or_wrong_runbook_is_found(runbooks: dict[str, str], fault: str) -> None:
    assert faults(RULE, runbooks) == [fault]


def test_an_alert_of_our_own_without_a_runbook_is_found() -> None:
    good = {"infra/runbooks/broken.md": "# Broken: x"}
    assert faults(RULE, good, ["DiskFull"]) == ["DiskFull: no runbook 'infra/runbooks/disk-full.md'"]
