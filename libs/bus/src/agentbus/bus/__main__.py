"""`python -m agentbus.bus` makes the topics as declared, then ends: run once before services start (compose).

The broker is `AGENTBUS_KAFKA_BOOTSTRAP`, the prefix of names `AGENTBUS_NAMESPACE`. Ends with 0 when all
topics are as declared, 1 when Kafka did not answer (run it again), 78 when a topic cannot be as declared.
"""

import asyncio
import os
import sys

from agentbus.bus.address import BusAddress
from agentbus.bus.provisioning import provision
from agentbus.kernel.errors import Fatal, Transient
from agentbus.observability.setup import configure


def main() -> int:
    """Returns the exit code."""
    configure("topics", level="INFO", format="json")
    bootstrap = os.environ.get("AGENTBUS_KAFKA_BOOTSTRAP", "127.0.0.1:9092")
    address = BusAddress(bootstrap, os.environ.get("AGENTBUS_NAMESPACE", ""), "topics")
    try:
        asyncio.run(provision(address, timeout_seconds=60.0))
    except Transient as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    except Fatal as error:
        sys.stderr.write(f"{error.message}\n")
        return os.EX_CONFIG
    return 0


if __name__ == "__main__":
    sys.exit(main())
