"""Text of the log as the tables can hold it. What agents call themselves has no bounds; rows and indexes do.

Called by `fold` and `failures`.
"""

from hashlib import sha256
from typing import Final

NAME_MAX_CHARACTERS: Final = 100
ID_MAX_CHARACTERS: Final = 128


def text(value: object, limit: int) -> str:
    """Returns a text cut to `limit` characters, without NUL, which PostgreSQL cannot hold; '' for no text."""
    return value[:limit].replace("\x00", "\ufffd") if isinstance(value, str) else ""


def name(value: object) -> str:
    """Returns the name of an agent, tool, team or model."""
    return text(value, NAME_MAX_CHARACTERS)


def identifier(value: str) -> str:
    """Returns an id; one that is too long by its digest, so that two of them never become one."""
    if len(value) <= ID_MAX_CHARACTERS:
        return value.replace("\x00", "\ufffd")
    return f"sha256:{sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()}"
