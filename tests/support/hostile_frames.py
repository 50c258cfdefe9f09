"""What a hostile or broken client may send once its socket is open. Every case is (name, bytes)."""

import random
import zlib
from collections.abc import Iterator

from support.raw_socket import CLOSE, PING, PONG, TEXT, client_frame

CONTINUATION, BINARY = 0x0, 0x2
Case = tuple[str, bytes]
HELLO = client_frame(TEXT, b'{"type":"ping","data":{}}')
APPROVAL = b'{"type":"plan_approval_response","data":{"approved":"maybe","feedback":"' + b"x" * 300 + b'"}}'
NOT_UTF8 = [
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x82",
    b"a\x80",
    b"\xf8\x88\x80\x80\x80",
]


def truncated() -> Iterator[Case]:
    whole = client_frame(TEXT, APPROVAL)
    for size in [*range(12), 100, len(whole) - 1]:
        yield f"truncated at {size}", HELLO + whole[:size]


def reserved() -> Iterator[Case]:
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        for fin in (True, False):
            yield f"opcode {opcode} fin {fin}", client_frame(opcode, b"{}", fin=fin)
    for rsv in range(1, 8):
        for opcode in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
            yield f"rsv {rsv} opcode {opcode}", client_frame(opcode, b"{}", rsv=rsv)


def compressed() -> Iterator[Case]:
    """They grow a thousandfold for a server that believes the flag of an extension that nobody asked for."""
    bomb = zlib.compress(b"\0" * 40_000_000, 9)
    yield "bomb in one frame", client_frame(TEXT, bomb[:60_000], rsv=4)
    yield (
        "bomb in fragments",
        client_frame(TEXT, bomb[:30_000], rsv=4, fin=False) + client_frame(0, bomb[30_000:]),
    )
    yield "bomb as text", client_frame(TEXT, bomb[:60_000])
    yield "flag on an empty frame", client_frame(TEXT, b"", rsv=4)


def masks() -> Iterator[Case]:
    for opcode in (TEXT, BINARY, CLOSE, PING):
        yield f"unmasked {opcode}", client_frame(opcode, b"{}", mask=None)
    yield "another mask than was used", client_frame(TEXT, APPROVAL)[:4] + b"\xde\xad\xbe\xef" + APPROVAL


def control() -> Iterator[Case]:
    for opcode in (CLOSE, PING, PONG):
        yield f"fragmented {opcode}", client_frame(opcode, b"\x03\xe8", fin=False) + client_frame(0, b"x")
        for size in (126, 127, 1_000, 70_000):
            yield f"{size} bytes in {opcode}", client_frame(opcode, b"\x03\xe8" + b"x" * (size - 2))
    for code in (0, 999, 1004, 1005, 1006, 1012, 1015, 1016, 2999, 3000, 4999, 5000, 65_535):
        yield f"close {code}", client_frame(CLOSE, code.to_bytes(2, "big"))
    yield "close with half a code", client_frame(CLOSE, b"\x03")
    yield "close with broken text", client_frame(CLOSE, b"\x03\xe8\xff\xfe")
    yield "close twice and go on", client_frame(CLOSE, b"\x03\xe8") * 2 + HELLO * 5
    yield "ping flood", client_frame(PING, b"x" * 125) * 5_000
    yield "pong flood", client_frame(PONG) * 5_000


def text() -> Iterator[Case]:
    for number, broken in enumerate(NOT_UTF8):
        yield f"not utf-8 {number}", client_frame(TEXT, b'{"type":"' + broken)
        yield (
            f"not utf-8 {number}, cut",
            client_frame(TEXT, broken[:1], fin=False) + client_frame(0, broken[1:]),
        )
    yield "binary", client_frame(BINARY, b"\x00\x01")
    yield "deep nesting", client_frame(TEXT, b"[" * 60_000)
    yield "wrapped often", client_frame(TEXT, b'{"type":"m","data":' * 3_000 + b"1" + b"}" * 3_000)
    yield "a huge number", client_frame(TEXT, b'{"type":"ping","data":{"n":1' + b"0" * 5_000 + b"}}")
    yield "lone surrogate", client_frame(TEXT, b'{"type":"ping","data":{"n":"\\ud800"}}')
    yield "frame flood", HELLO * 3_000


def sizes() -> Iterator[Case]:
    for size in (65_537, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1):
        yield f"claims {size} bytes", b"\x81\xff" + size.to_bytes(8, "big") + b"\0" * 4 + b"x" * 1_000
    yield "length not minimal, 16 bit", b"\x81\xfe\x00\x05" + b"\0" * 4 + b"hello"
    yield "length not minimal, 64 bit", b"\x81\xff" + (200).to_bytes(8, "big") + b"\0" * 204
    yield "the largest frame", client_frame(TEXT, b"x" * 65_536)
    yield "a megabyte", client_frame(TEXT, b"x" * 1_000_000)
    pieces = client_frame(0, b"x" * 10_000, fin=False) * 20
    yield "a megabyte in fragments", client_frame(TEXT, b"x", fin=False) + pieces


def fragments() -> Iterator[Case]:
    yield "continuation of nothing", client_frame(0, b"x")
    yield "text inside text", client_frame(TEXT, b"a", fin=False) + client_frame(TEXT, b"b")
    yield "binary inside text", client_frame(TEXT, b"a", fin=False) + client_frame(BINARY, b"b")
    yield "empty fragments", client_frame(TEXT, b"", fin=False) + client_frame(0, b"", fin=False) * 5_000
    yield (
        "ping inside text",
        client_frame(TEXT, b'{"type":', fin=False) + client_frame(PING) + client_frame(0, b"5}"),
    )


def noise(seed: int, number: int) -> Iterator[Case]:
    """Random bytes, and good frames with some bytes changed."""
    chance = random.Random(seed)
    good = [HELLO, client_frame(TEXT, APPROVAL), client_frame(PING, b"x"), client_frame(TEXT, b"OK")]
    for index in range(number):
        if index % 2:
            changed = bytearray(b"".join(chance.choices(good, k=chance.randrange(1, 8))))
            for _ in range(chance.randrange(1, 6)):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            yield f"changed {index}", bytes(changed)
        else:
            yield f"random {index}", chance.randbytes(chance.randrange(1, 3_000))


def hostile_frames(seed: int, noisy: int) -> list[Case]:
    """Returns all cases."""
    parts = (truncated, reserved, compressed, masks, control, text, sizes, fragments)
    return [case for part in parts for case in part()] + list(noise(seed, noisy))
