"""The edge: the request that opens a socket, of a plan or of a workspace. Pure.

Called by the server for each connection.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote

from agentbus.kernel.errors import Invalid
from agentbus.plan.dialect import DEFAULT, Dialect, is_dialect

PLAN_PATH: Final = re.compile(r"/api/v3/socket/(?P<key>[^/]*)/*")
WORKSPACE_PATH: Final = re.compile(r"/api/v3/workspaces/(?P<key>[^/]*)/socket/?")

Kind = Literal["plan", "workspace"]

_SEQ_LIMIT: Final = 2**53
_ID_MAX_CHARACTERS: Final = 128


@dataclass(frozen=True)
class Parameters:
    """What the address of a socket says. `after_seq` None: nothing was said."""

    kind: Kind
    key: str
    after_seq: int | None
    dialect: Dialect
    query: Mapping[str, str]

    @property
    def about(self) -> dict[str, str]:
        """What the socket is of, as frames and logs say it: `plan_id` or `workspace_id`."""
        return {f"{self.kind}_id": self.key}


def is_socket(target: bytes) -> bool:
    """Tells whether a request target is a socket's; anything else is not found."""
    return _place(target.partition(b"?")[0].decode("latin-1")) is not None


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
    """Returns what `/api/v3/socket/{plan_id}?after_seq=…`, or a workspace's address, says.

    Raises Invalid for what makes no sense.
    """
    try:
        path, _, query = target.decode("ascii").partition("?")
        kind, quoted = _place(path) or ("plan", "")
        key = unquote(quoted, errors="strict")
        fields = dict(parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=32))
    except ValueError:
        raise Invalid("the address is not readable") from None
    if not (0 < len(key) <= _ID_MAX_CHARACTERS and key.isprintable()):
        raise Invalid(f"{kind}_id has 1 to 128 printable characters")
    dialect = fields.get("dialect") or DEFAULT
    if not is_dialect(dialect):
        raise Invalid("dialect is message or agent_message_data")
    if kind == "workspace":
        # The path names it: of a user with several, the token is for this one.
        fields = {"workspace_id": key, **fields}
    return Parameters(kind, key, _after_seq(fields.get("after_seq")), dialect, fields)


def _place(path: str) -> tuple[Kind, str] | None:
    if found := PLAN_PATH.fullmatch(path):
        return "plan", found["key"]
    if found := WORKSPACE_PATH.fullmatch(path):
        return "workspace", found["key"]
    return None


def _after_seq(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= _SEQ_LIMIT):
        raise Invalid("after_seq is a whole number, 0 or more")
    return int(text)
