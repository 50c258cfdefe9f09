"""Administrative acts go to the topic `audit.log`, before they are done (decision 0016).

Called by the plan service for acts on access, and by the command line for repairs.
"""

from collections.abc import Mapping
from typing import Any

from agentbus.bus.codec import encode
from agentbus.bus.producer import Producer
from agentbus.bus.record import Sent
from agentbus.contracts.audit import AuditEntry
from agentbus.contracts.identifiers import new_id
from agentbus.contracts.timestamps import format_timestamp
from agentbus.contracts.topics import AUDIT_LOG
from agentbus.kernel.clock import SystemClock
from agentbus.observability.redaction import redact

SCHEMA = "audit_entry.v1"


def entry(
    act: str,
    subject: str,
    *,
    workspace_id: str,
    user_id: str,
    credential: str,
    service: str,
    address: str,
    details: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Returns the entry of an act that is about to be done now; `details` are redacted.

    `act` is an imperative in snake_case (`create_key`), `subject` what it is done to.
    """
    return AuditEntry(
        entry_id=new_id(),
        at=format_timestamp(SystemClock().now()),
        workspace_id=workspace_id,
        user_id=user_id,
        credential=credential,
        service=service,
        address=address,
        act=act,
        subject=subject,
        details=redact(dict(details or {})),
    )


async def record(producer: Producer, act: AuditEntry, *, timeout_seconds: float = 5.0) -> Sent:
    """Returns once the entry is in the log for good; raises Transient when it is not: then do not act."""
    return await producer.send(
        AUDIT_LOG, act.workspace_id, encode(act), schema=SCHEMA, timeout_seconds=timeout_seconds
    )
