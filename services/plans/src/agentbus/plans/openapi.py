"""`python -m agentbus.plans.openapi` prints the OpenAPI document; connects to nothing.

Called by `make contracts`.
"""

import json
import sys
from typing import Any

from agentbus.plans.app import build
from agentbus.plans.settings import PlansSettings


def document() -> dict[str, Any]:
    """Returns the OpenAPI document of the plan service."""
    return build(PlansSettings(auth="none", host="127.0.0.1")).openapi()


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")
