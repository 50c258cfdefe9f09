"""Values and headers as they stand on the wire: plain JSON, so that any Kafka client can tap them.

Called by whoever writes a topic (encode, headers) and whoever reads one (decode).
"""

from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import BaseModel

from agentbus.kernel.errors import Invalid
from agentbus.observability.tracing import traceparent


def encode(value: BaseModel | Mapping[str, Any]) -> bytes:
    """Returns `value` as JSON bytes; raises Invalid for what JSON cannot carry."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    try:
        return orjson.dumps(plain)
    except TypeError as error:
        raise Invalid(f"not JSON: {error}", code="not_encodable") from error


def decode(value: bytes) -> dict[str, Any]:
    """Returns the JSON object in `value`; raises Invalid when it is none, with the place of the fault."""
    try:
        decoded = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"not JSON: {error}", code="undecodable") from error
    if not isinstance(decoded, dict):
        raise Invalid(f"not a JSON object but {type(decoded).__name__}", code="undecodable")
    return decoded


def record_headers(schema: str) -> list[tuple[str, bytes]]:
    """Returns a record's headers: content type, schema (e.g. `message.v1`), the span's traceparent."""
    headers = [("content-type", b"application/json"), ("schema", schema.encode())]
    parent = traceparent()
    if parent is not None:
        headers.append(("traceparent", parent.encode()))
    return headers
