"""The client, in JavaScript, and the server hash the same content alike, whatever it is (E5, 0027)."""

import json
import random
import struct
from typing import Any

from support.zustand_dump import client_hashes

from agentbus.workspace.imports.content import content_hash, content_of, storable

DOCUMENTS = 3_000
CHARACTERS = 'ab"\\/\b\n\t\0\x1f\x7f\u2028é\ufb33\ufffd\ud83d\udc4b\U0001f600日'


def text(choice: random.Random) -> str:
    return "".join(choice.choices(CHARACTERS, k=choice.randrange(6)))


def number(choice: random.Random) -> float:
    """Any double that JSON can hold, and integers on both sides of 2^53 and 2^64."""
    if choice.random() < 0.5:
        return choice.randrange(-(10 ** choice.randrange(1, 25)), 10 ** choice.randrange(1, 25))
    double: float = struct.unpack("<d", choice.randbytes(8))[0]
    return double if abs(double) < float("inf") else -0.0


def value(choice: random.Random, depth: int = 0) -> Any:
    kind = choice.randrange(5 if depth > 2 else 7)
    if kind < 5:
        return (None, choice.random() < 0.5, text(choice), number(choice), float(choice.randrange(99)))[kind]
    if kind == 5:
        return [value(choice, depth + 1) for _ in range(choice.randrange(4))]
    return {f"{text(choice)}{each}": value(choice, depth + 1) for each in range(choice.randrange(4))}


def test_client_and_server_hash_alike() -> None:
    choice = random.Random(27)
    documents = [
        {"id": "t", "updatedAt": 1, "field": [value(choice), value(choice)]} for _ in range(DOCUMENTS)
    ]
    raw = json.dumps(documents)
    ours = [content_hash(storable(content_of(each))) for each in json.loads(raw)]
    assert len(set(ours)) > DOCUMENTS / 2
    assert client_hashes(raw) == ours
