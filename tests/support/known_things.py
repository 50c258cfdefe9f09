"""Hooks for Schemathesis: half of what it generates names things that exist, so that it gets past 404; and it
never names itself, as it does with what it finds in its own token: it would revoke its own access.

Loaded by `st run` through `SCHEMATHESIS_HOOKS`; the ids are in `AGENTBUS_KNOWN` (JSON: field → values), its
own in `AGENTBUS_OWN` (JSON: values).
"""

import itertools
import json
import os
from typing import Any
from urllib.parse import unquote

import schemathesis
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData

KNOWN: dict[str, list[str]] = json.loads(os.environ["AGENTBUS_KNOWN"])
OWN: list[str] = json.loads(os.environ["AGENTBUS_OWN"])
BEYOND_SCHEMAS = {
    "changed_meanwhile",
    "idempotency_key_reused",
    "invalid_cursor",
    "invalid_document",
    "invalid_inputs",
    "invalid_name",
    "invalid_range",
    "invalid_scopes",
    "unknown_seq",
    "unknown_team",
}
"""What depends on more than the one field: a good schema lets it pass, the service need not."""

_turns = itertools.count()


def _naming(values: Any) -> Any:
    turn = next(_turns)
    if not isinstance(values, dict) or turn % 2:
        return values
    names = [name for name in values.keys() & KNOWN.keys() if not _bad_on_purpose(values[name])]
    return {**values, **{name: KNOWN[name][turn // 2 % len(KNOWN[name])] for name in names}}


def _bad_on_purpose(value: Any) -> bool:
    """Ids have no control characters: a request with one is made to be refused."""
    return isinstance(value, str) and not unquote(value).isprintable()


@schemathesis.hook
def map_query(_context: Any, query: Any) -> Any:
    return _naming(query)


@schemathesis.hook
def map_path_parameters(_context: Any, path_parameters: Any) -> Any:
    return _naming(path_parameters)


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    return _naming(body)


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
    for values in (case.path_parameters, case.body):
        if isinstance(values, dict):
            values.update({name: "someone" for name, value in values.items() if value in OWN})


@schemathesis.hook
def filter_failure(_context: Any, failure: Any, _case: Any, response: Any) -> bool:
    """Drops what is no fault: refusals that a schema cannot foretell; 148.0, an integer to JSON Schema alone;
    and 4xx other than 422, which Schemathesis takes for acceptance."""
    if isinstance(failure, AcceptedNegativeData):
        return bool(response.status_code < 400)
    if not isinstance(failure, RejectedPositiveData) or response.status_code not in (412, 422):
        return True
    problem = response.json()
    return problem["code"] not in BEYOND_SCHEMAS and "valid integer" not in problem["detail"]
