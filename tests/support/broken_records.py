"""Records that no writer of ours would write, made of good ones by chance, from a seed."""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agentbus.bus.record import Headers, Outgoing
from agentbus.contracts.topics import Topic

_EXAMPLES: Final = Path(__file__).parents[2] / "contracts" / "examples"
_FOLDERS: Final = {
    "Command": "commands",
    "Message": "messages",
    "PlanRecord": "plan_records",
    "StreamingChunk": "streaming",
    "AccessChange": "access",
    "AuditEntry": "audit",
    "WorkspaceChange": "workspace_changes",
    "WorkspacePresence": "workspace_presence",
    "AlertChange": "alerts",
}
_ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    0.5,
    2**63,
    10**400,
    "",
    "\0",
    "\ud800",
    "\ud83d\ude00" * 50,
    [],
    {},
    [[]],
    {"\0": "\udfff"},
    "9" * 5000,
)
_HEADERS: Final[tuple[Headers, ...]] = (
    (),
    (("schema", b"\xff\xfe"),),
    (("schema", b"unheard_of.v9"), ("schema", b"")),
    (("traceparent", b"00-zz-zz-99"), ("content-type", b"text/html")),
    tuple((f"dlq-{number}", b"x" * 100) for number in range(50)),
)


@dataclass(frozen=True)
class Broken:
    """A record, how it was broken, and whether no reader at all can make anything of its value."""

    how: str
    record: Outgoing
    hopeless: bool


def examples(schema: str) -> list[dict[str, Any]]:
    """Returns good values of a schema; KeyError for one that nobody has said how to break."""
    paths = sorted((_EXAMPLES / _FOLDERS[schema]).glob("*.json"))
    return [json.loads(path.read_text()) for path in paths]


def broken_records(topic: Topic, number: int, seed: int) -> Iterator[Broken]:
    """Yields `number` records for `topic`, of every kind in turn; none names anyone's plan."""
    chance = random.Random(f"{seed} {topic.name}")
    good = examples(topic.schema_name)
    for place in range(number):
        how, break_it = list(_WAYS.items())[place % len(_WAYS)]
        value = {**chance.choice(good), **_own(topic, chance)}
        key = str(value.get(topic.key, f"fuzz-{chance.getrandbits(40)}"))
        limit_bytes = int(topic.config.get("max.message.bytes", 1_048_576)) - 4096
        text = break_it(value, chance, min(limit_bytes, 1_000_000))
        if how == "a wrong key":
            key = chance.choice(["", "\udcff\udcfe", "x" * 5000, "other", "\0"])
        headers = (
            chance.choice(_HEADERS) if how == "odd headers" else (("content-type", b"application/json"),)
        )
        yield Broken(how, Outgoing(topic.name, key, text, headers), _hopeless(text))


def _own(topic: Topic, chance: random.Random) -> dict[str, Any]:
    return {"plan_id": f"fuzz-{chance.getrandbits(64):x}"} if topic.key == "plan_id" else {}


def _hopeless(value: bytes | None) -> bool:
    if value is None:
        return True
    try:
        return not isinstance(json.loads(value), dict)
    except (ValueError, RecursionError):
        return True


def _text(value: Any) -> bytes:
    return json.dumps(value).encode()


def _changed(value: Mapping[str, Any], name: str, given: Any) -> bytes:
    return _text({**value, name: given})


def _inside(value: dict[str, Any], chance: random.Random) -> bytes:
    """A field somewhere inside the value becomes odd."""
    value = json.loads(_text(value))
    place: Any = value
    while True:
        name = chance.choice(list(place)) if isinstance(place, dict) else chance.randrange(len(place))
        if not (isinstance(place[name], dict | list) and place[name]) or chance.random() < 0.2:
            place[name] = chance.choice(_ODD)
            return _text(value)
        place = place[name]


_Break = Callable[[dict[str, Any], random.Random, int], bytes | None]
_WAYS: Final[dict[str, _Break]] = {
    "random bytes": lambda value, chance, limit: chance.randbytes(chance.randrange(200)),
    "truncated": lambda value, chance, limit: (text := _text(value))[: chance.randrange(len(text))],
    "a letter flipped": lambda value, chance, limit: _flipped(_text(value), chance),
    "nested deep": lambda value, chance, limit: b'{"a":' * (limit // 8) + b"1" + b"}" * (limit // 8),
    "nested in a field": lambda value, chance, limit: (
        _text(value)[:-1] + b', "payload": ' + b'{"a":' * 600 + b"1" + b"}" * 601
    ),
    "a huge number": lambda value, chance, limit: (
        _text(value)[:-1]
        + chance.choice([b', "seq": 1e999}', b', "attempt": ' + b"9" * 4000 + b"}", b', "x": -1e-999}'])
    ),
    "a wrong type": lambda value, chance, limit: _changed(
        value, chance.choice(list(value)), chance.choice(_ODD)
    ),
    "a wrong type inside": lambda value, chance, limit: _inside(value, chance),
    "a field missing": lambda value, chance, limit: _text(
        {name: item for name, item in value.items() if name != chance.choice(list(value))}
    ),
    "NUL and half a pair": lambda value, chance, limit: _changed(
        value, chance.choice(list(value)), chance.choice(["\0", "\ud800", "a\0b\udfff"])
    ),
    "a wrong key": lambda value, chance, limit: _text(value),
    "odd headers": lambda value, chance, limit: _text(value),
    "a field too many": lambda value, chance, limit: _changed(value, "\0\ud800", {"x": [1]}),
    "twice the same field": lambda value, chance, limit: _text(value)[:-1] + b', "plan_id": "other"}',
    "no object": lambda value, chance, limit: chance.choice(
        [b"[]", b"null", b'"x"', b"7", b" ", b"\xef\xbb\xbf{}"]
    ),
    "an empty object": lambda value, chance, limit: b"{}",
    "a tombstone": lambda value, chance, limit: None,
    "as large as allowed": lambda value, chance, limit: (
        _changed(value, "content", "x" * (limit - 6000)) if chance.random() < 0.2 else b"x" * limit
    ),
}


def _flipped(text: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(text))
    return text[:place] + bytes([chance.randrange(256)]) + text[place + 1 :]
