"""FerretDB: the MongoDB protocol on loopback, kept in the stack's PostgreSQL."""

import asyncio
from pathlib import Path
from typing import Final

from agentbus.embedded import postgres
from agentbus.embedded.layout import Layout
from agentbus.embedded.program import Program
from agentbus.embedded.safeguards import Safeguards

DATABASE: Final = "ferretdb"
_GO_RUNTIME: Final = {"GOGC": "400", "GOMEMLIMIT": "1GiB"}
"""It makes several objects for each field that it reads: collected less often, a long plan is read in half
the time; near the limit the collector works as often as it must (Go's GC guide)."""
# OP_MSG with {ping: 1, $db: "admin"}: header (length, id, reply to, opcode 2013), flags, section kind, BSON.
_PING_BODY: Final = b"\x10ping\x00\x01\x00\x00\x00" + b"\x02$db\x00\x06\x00\x00\x00admin\x00" + b"\x00"
_DOCUMENT: Final = (len(_PING_BODY) + 4).to_bytes(4, "little") + _PING_BODY
_PING: Final = (
    (21 + len(_DOCUMENT)).to_bytes(4, "little")
    + b"\x01\x00\x00\x00\x00\x00\x00\x00\xdd\x07\x00\x00"
    + b"\x00\x00\x00\x00\x00"
    + _DOCUMENT
)


def program(layout: Layout, executable: Path, ports: dict[str, int]) -> Program:
    """Returns the proxy's process; it keeps no state of its own."""
    environment = {
        **_listener(layout.safeguards, f"127.0.0.1:{ports['ferretdb']}"),
        "FERRETDB_POSTGRESQL_URL": postgres.client_url(layout, DATABASE),
        **_GO_RUNTIME,
    }
    return Program("ferretdb", (str(executable),), layout.home, environment, priority=20, stop_seconds=10)


def _listener(safeguards: Safeguards, address: str) -> dict[str, str]:
    if not safeguards.made:
        return {"FERRETDB_LISTEN": address}
    certificate = str(safeguards.server("ferretdb"))
    return {
        "FERRETDB_LISTEN_TLS": address,
        "FERRETDB_TLS_CERT_FILE": certificate,
        "FERRETDB_TLS_KEY_FILE": certificate,
        "FERRETDB_TLS_CA_FILE": str(safeguards.authority),
    }


async def ping(port: int) -> None:
    """Raises OSError or EOFError unless the MongoDB protocol is answered with ok on `port`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_PING)
        length = int.from_bytes(await reader.readexactly(4), "little")
        if b"\x01ok\x00\x00\x00\x00\x00\x00\x00\xf0?" not in await reader.readexactly(length - 4):
            raise ConnectionError("the MongoDB protocol is answered, and not with ok")
    finally:
        writer.close()
