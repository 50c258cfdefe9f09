"""The edge: the request that opens a socket. Pure. Called by the server for each connection."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote

from agentbus.kernel.errors import Invalid
from agentbus.plan.dialect import DEFAULT, Dialect, is_dialect

SOCKET_PATH: Final = "/api/v3/socket/"
_SEQ_LIMIT: Final = 2**53
_ID_MAX_CHARACTERS: Final = 128


@dataclass(frozen=True)
class Parameters:
    """What the address of a socket says."""

    plan_id: str
    after_seq: int
    dialect: Dialect
    query: Mapping[str, str]


def is_socket(target: bytes) -> bool:
    """Tells whether a request target is a socket's; anything else is not found."""
    path = target.partition(b"?")[0].decode("latin-1")
    return path.startswith(SOCKET_PATH) and "/" not in path.removeprefix(SOCKET_PATH).rstrip("/")


def wants_upgrade(connection: str) -> bool:
    """Tells whether a `Connection` header names `upgrade`; some browsers name `keep-alive` beside it."""
    return "upgrade" in (option.strip().lower() for option in connection.split(","))


def client_host(peer: str, forwarded_for: str, trusts: Callable[[str], bool]) -> str:
    """Returns who connected: the last of `X-Forwarded-For` and the peer who is no trusted proxy."""
    hosts = [*(host.strip() for host in forwarded_for.split(",") if host.strip()), peer]
    while len(hosts) > 1 and trusts(hosts[-1]):
        hosts.pop()
    return hosts[-1]


def parameters(target: bytes) -> Parameters:
    """Returns what `/api/v3/socket/{plan_id}?after_seq=…` says; raises Invalid for what makes no sense."""
    try:
        path, _, query = target.decode("ascii").partition("?")
        plan_id = unquote(path.removeprefix(SOCKET_PATH).rstrip("/"), errors="strict")
        fields = dict(parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=32))
    except ValueError:
        raise Invalid("the address is not readable") from None
    if not (0 < len(plan_id) <= _ID_MAX_CHARACTERS and plan_id.isprintable()):
        raise Invalid("plan_id has 1 to 128 printable characters")
    dialect = fields.get("dialect") or DEFAULT
    if not is_dialect(dialect):
        raise Invalid("dialect is message or agent_message_data")
    return Parameters(plan_id, _after_seq(fields.get("after_seq") or "0"), dialect, fields)


def _after_seq(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= _SEQ_LIMIT):
        raise Invalid("after_seq is a whole number, 0 or more")
    return int(text)
