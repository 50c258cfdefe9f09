"""A span and a time for every statement, by the driver's own hook. Called by `database` for each connection.

Guarantee: a statement is known by what it does to which tables, never by a value, and the names are few: they
stand in our sources. Not heard of: COPY, cursors and prepared statements, which nothing here uses but
`migrations`; those have one span as a whole. Names: OpenTelemetry's conventions for databases (stable).
"""

import re
from functools import lru_cache
from typing import Any, Final

import asyncpg
from asyncpg.connection import LoggedQuery

from agentbus.observability.metrics import observe
from agentbus.observability.tracing import record
from agentbus.postgres.instruments import STATEMENT_SECONDS

_MOST_NAMES: Final = 200
_OTHER: Final = "other"
_TABLES_NAMED: Final = 3

_CHANGES: Final = re.compile(r"(?<!for )(?<!do )\b(insert|update|delete|merge)\b", re.IGNORECASE)
_TABLE: Final = re.compile(
    r"(?:\b(?:from|into|join|table)|(?<!for )(?<!do )\bupdate) (?:only )?([a-z_]\w*(?:\.[a-z_]\w*)?)\b(?!\()",
    re.IGNORECASE,
)
_ALIAS: Final = re.compile(
    r"(?:\bwith|,)(?: recursive)? (\w+)(?: \([^)]*\))? as (?:not )?(?:materialized )?\(", re.IGNORECASE
)
_FUNCTION: Final = re.compile(r"([a-z_][\w.]*)\(", re.IGNORECASE)

_named: set[str] = set()


def told(query: LoggedQuery) -> None:
    """Takes in a statement that has just ended."""
    name = label(query.query)
    observe(STATEMENT_SECONDS.labels(name), query.elapsed)
    many = len(query.args) if isinstance(query.args, list) else None
    state = query.exception.sqlstate if isinstance(query.exception, asyncpg.PostgresError) else None
    about: dict[str, Any] = {
        "db.system.name": "postgresql",
        "db.namespace": query.conn_params.database,
        "db.operation.name": name.partition(" ")[0],
        "db.query.summary": name,
        "db.operation.batch.size": many,
        "db.response.status_code": state,
        "server.address": query.conn_addr if isinstance(query.conn_addr, str) else query.conn_addr[0],
    }
    record(f"{name}", "client", query.elapsed, error=query.exception, **about)


def label(query: str) -> str:
    """Returns the summary of a statement, or `other` once there are too many."""
    name = summary(query)
    if name not in _named and len(_named) >= _MOST_NAMES:
        return _OTHER
    _named.add(name)
    return name


@lru_cache(maxsize=1024)
def summary(query: str) -> str:
    """Returns the operation and its tables, as `INSERT workspace.audit`; without any, the first function."""
    text = " ".join(query.replace('"', "").split())
    operation = re.sub(r"\W.*", "", text, flags=re.DOTALL).upper() or _OTHER
    if operation == "WITH":
        change = _CHANGES.search(text)
        operation = change[1].upper() if change else "SELECT"
    aliases = {name.lower() for name in _ALIAS.findall(text)}
    tables = [name for name in _TABLE.findall(text) if name.lower() not in aliases]
    qualified = [name for name in tables if "." in name]
    named = list(dict.fromkeys(qualified or tables))[:_TABLES_NAMED]
    if not named and operation == "SELECT":
        named = _FUNCTION.findall(text)[:1]
    return " ".join([operation, *named])
