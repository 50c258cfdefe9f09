"""Administrative acts of the command line, on record before they are done. Used by `dlq` and `rebuild`."""

import getpass
import socket
from collections.abc import Mapping
from typing import Any

from agentbus.bus import audit
from agentbus.bus.producer import Producer
from agentbus.chassis.access.identity import DEFAULT_WORKSPACE


async def put_on_record(producer: Producer, act: str, subject: str, details: Mapping[str, Any]) -> None:
    """Returns once the act is in the audit log; raises Transient when it cannot be: then do not act.

    Whoever reaches Kafka needs no token, so the entry names the user and host of the operating system.
    """
    entry = audit.entry(
        act,
        subject,
        workspace_id=DEFAULT_WORKSPACE,
        user_id=getpass.getuser(),
        credential="operating-system",
        service="cli",
        address=socket.gethostname(),
        details=details,
    )
    await audit.record(producer, entry, timeout_seconds=10.0)
