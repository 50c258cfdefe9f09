"""`python -m agentbus.telemetry.openapi` prints the OpenAPI document; connects to nothing.

Called by `make contracts`.
"""

import json
import sys
from typing import Any

from prometheus_client import CollectorRegistry

from agentbus.telemetry.app import build
from agentbus.telemetry.instruments import PrometheusFigures
from agentbus.telemetry.settings import TelemetrySettings


def document() -> dict[str, Any]:
    """Returns the OpenAPI document of the telemetry service."""
    unheard = PrometheusFigures(CollectorRegistry())
    return build(TelemetrySettings(auth="none", host="127.0.0.1"), unheard).openapi()


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
