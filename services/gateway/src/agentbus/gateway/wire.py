"""Bytes of server frames (RFC 6455 section 5.2, unmasked). A frame is built once for all sockets."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from agentbus.gateway.model import Entry
from agentbus.plan.dialect import DEFAULT, Dialect, view

PING = b"\x89\x00"
"""A WebSocket ping without payload; browsers and libraries answer it by themselves."""

_TEXT = 0x81
_PONG = 0x8A


def text_frame(payload: bytes) -> bytes:
    """Returns `payload` (UTF-8) as one unfragmented text frame."""
    size = len(payload)
    if size < 126:
        return bytes((_TEXT, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


def pong_frame(payload: bytes) -> bytes:
    """Returns the answer to a WebSocket ping with `payload`, of at most 125 bytes."""
    return bytes((_PONG, len(payload))) + payload


def frame(kind: str, data: Mapping[str, Any]) -> bytes:
    """Returns the frame of type `kind` that the gateway itself says."""
    return text_frame(orjson.dumps({"type": kind, "data": data}))


def value_frame(kind: str, value: bytes, dialect: Dialect) -> bytes:
    """Returns the frame around the JSON object `value`: byte for byte as it came, or as `dialect` has it."""
    if dialect == DEFAULT:
        return text_frame(b'{"type":"%b","data":%b}' % (kind.encode(), value))
    return frame(kind, view(orjson.loads(value), dialect))


def joined(entries: Sequence[Entry], dialect: Dialect) -> bytes:
    """Returns the frames of messages, one after the other, for one write."""
    return b"".join(value_frame(entry.type, entry.value, dialect) for entry in entries)
