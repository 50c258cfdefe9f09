"""Who may enter a secure stack's PostgreSQL, and how: its rules and its user. Part of `postgres`.

Over the Unix socket alone: this build of PostgreSQL has no TLS. There the kernel vouches for the user of this
machine who runs the stack, and everybody else needs a password (SCRAM-SHA-256).
"""

import base64
import hashlib
import hmac
import os
import pwd
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import asyncpg

from agentbus.embedded.safeguards import USER, Safeguards, write_private

_RULES: Final = """\
local  all  postgres  peer map=stack
local  all  all       scram-sha-256
"""
_RULES_FILE: Final = "stack_hba.conf"
_NAMES_FILE: Final = "stack_ident.conf"
_ITERATIONS: Final = 4096
_SALT_BYTES: Final = 16


def settings(data: Path) -> dict[str, str]:
    """Returns the server's settings beyond those of any stack."""
    return {"hba_file": str(data / _RULES_FILE), "ident_file": str(data / _NAMES_FILE)}


def write(data: Path) -> Iterator[Path]:
    """Writes the rules; yields each file."""
    owner = pwd.getpwuid(os.geteuid()).pw_name
    for name, text in {_RULES_FILE: _RULES, _NAMES_FILE: f"stack {owner} postgres\n"}.items():
        write_private(data / name, text)
        yield data / name


async def ensure_owner(
    connection: "asyncpg.Connection[asyncpg.Record]", database: str, safeguards: Safeguards
) -> None:
    """Makes our services' user own `database`, with the password of now."""
    if not await connection.fetchval("select 1 from pg_roles where rolname = $1", USER):
        await connection.execute(f'create role "{USER}" login')
    await connection.execute(f'alter database "{database}" owner to "{USER}"')
    verifier = scram_verifier(safeguards.database_password, secrets.token_bytes(_SALT_BYTES))
    await connection.execute(f"alter role \"{USER}\" password '{verifier}'")


def scram_verifier(password: str, salt: bytes) -> str:
    """Returns what PostgreSQL keeps of an ASCII password (RFC 5803), so that no statement holds it itself."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    keys = hashlib.sha256(client_key).digest(), hmac.digest(salted, b"Server Key", "sha256")
    text = [base64.b64encode(each).decode() for each in (salt, *keys)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{text[0]}${text[1]}:{text[2]}"
