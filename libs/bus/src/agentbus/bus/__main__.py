"""`python -m agentbus.bus` makes the topics as declared, then ends: run once before services start (compose).

The broker and the prefix of names are those of `settings.BusSettings`. Ends with 0 when all topics are as
declared, 1 when Kafka did not answer (run it again), 78 when the settings are wrong or a topic cannot be as
declared.
"""

import asyncio
import os
import sys

from pydantic import ValidationError

from agentbus.bus.provisioning import provision
from agentbus.bus.settings import BusSettings
from agentbus.kernel.errors import Fatal, Transient
from agentbus.observability.setup import configure


def main() -> int:
    """Returns the exit code."""
    configure("topics", level="INFO", format="json")
    try:
        address = BusSettings().bus_address("topics")
        asyncio.run(provision(address, timeout_seconds=60.0))
    except ValidationError as error:
        sys.stderr.write(f"{error}\n")
        return os.EX_CONFIG
    except Transient as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    except Fatal as error:
        sys.stderr.write(f"{error.message}\n")
        return os.EX_CONFIG
    return 0


if __name__ == "__main__":
    sys.exit(main())
