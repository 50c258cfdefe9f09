"""How Prometheus, and telemetry, find the services of this stack. Called when the ports are known."""

import json
from collections.abc import Mapping
from string import Template

from agentbus.embedded.parts import SERVICES
from agentbus.embedded.repository import INFRA


def scrape_config(ports: Mapping[str, int]) -> str:
    """Returns Prometheus' configuration for the services (each instance of each) among `ports`."""
    targets = [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"service": name.partition("-")[0], "part": name}}
        for name, port in _services(ports)
    ]
    folder = INFRA / "observability"
    template = (folder / "prometheus.embedded.yml").read_text()
    return Template(template).substitute(targets=json.dumps(targets), rules=folder / "rules.yml")


def scrape_targets(ports: Mapping[str, int]) -> str:
    """Returns the setting `AGENTBUS_SCRAPE_TARGETS` of the telemetry service."""
    return ",".join(f"{name.partition('-')[0]}=http://127.0.0.1:{port}" for name, port in _services(ports))


def _services(ports: Mapping[str, int]) -> list[tuple[str, int]]:
    return [
        (name, port)
        for name, port in sorted(ports.items())
        if name.partition("-")[0] in SERVICES and not name.endswith("-socket")
    ]
