"""Every metric is named in contracts/telemetry/metrics.yaml, and every name there is a metric.

Dashboards, alerts and people's queries rely on the names.
"""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from agentbus.telemetry.instruments import PrometheusFigures

ROOT = Path(__file__).parents[2]
DECLARED = ROOT / "contracts" / "telemetry" / "metrics.yaml"
UNITS = ("seconds", "bytes", "records", "ratio", "total")
SUFFIXES = {"counter": "_total", "info": "_info"}
Metrics = dict[str, dict[str, Any]]


def registered() -> Metrics:
    """All of our metrics, as the code declares them."""
    for path in sorted(ROOT.glob("*/*/src/agentbus/**/instruments.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        import_module(".".join(parts[parts.index("src") + 1 :]))
    import_module("agentbus.observability.setup")
    telemetry = CollectorRegistry()
    PrometheusFigures(telemetry)
    found: Metrics = {}
    for registry in (REGISTRY, telemetry):
        for collector in registry._collector_to_names:
            if isinstance(collector, MetricWrapperBase) and collector._name.startswith("agentbus_"):
                found[_exposed(collector)] = _entry(collector)
    return found


def _exposed(collector: MetricWrapperBase) -> str:
    return f"{collector._name}{SUFFIXES.get(str(collector._type), '')}"


def _entry(collector: MetricWrapperBase) -> dict[str, Any]:
    labels = {"labels": list(collector._labelnames)} if collector._labelnames else {}
    return {"type": collector._type, **labels, "help": collector._documentation}


def problems(declared: Metrics, found: Metrics) -> list[str]:
    """What differs, each with what to do."""
    wrong = [name for name in found if declared.get(name) != found[name]]
    gone = [name for name in declared if name not in found]
    return [
        *(
            f"write into {DECLARED.name}:\n{yaml.safe_dump({name: found[name]}, sort_keys=False)}"
            for name in wrong
        ),
        *(f"take out of {DECLARED.name}: {name}" for name in gone),
    ]


def test_the_contract_names_every_metric_as_it_is() -> None:
    assert problems(yaml.safe_load(DECLARED.read_text()), registered()) == []


def test_names_follow_the_conventions() -> None:
    for name, entry in registered().items():
        assert re.fullmatch(r"agentbus_[a-z]+(_[a-z]+)+", name), name
        assert entry["type"] != "histogram" or name.endswith(UNITS), name


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ({}, {"agentbus_a_total": {"type": "counter", "help": "A."}}),
        ({"agentbus_a_total": {"type": "counter", "help": "A."}}, {}),
        (
            {"agentbus_a_total": {"type": "counter", "help": "A."}},
            {"agentbus_a_total": {"type": "counter", "labels": ["b"], "help": "A."}},
        ),
    ],
)
def test_a_difference_is_named(declared: Metrics, found: Metrics) -> None:
    (problem,) = problems(declared, found)
    assert "agentbus_a_total" in problem


OBSERVERS = [
    ROOT / "infra" / "observability" / "rules.yml",
    *sorted((ROOT / "infra" / "observability" / "grafana" / "dashboards").glob("*.json")),
]


@pytest.mark.parametrize("path", OBSERVERS, ids=lambda path: path.name)
def test_alerts_and_dashboards_use_metrics_that_exist(path: Path) -> None:
    used = set(re.findall(r"\bagentbus_[a-z_]+", path.read_text()))
    series = {re.sub(r"_(bucket|sum|count)$", "", name) for name in used}
    assert used
    assert series <= set(registered())
