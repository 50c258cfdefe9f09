"""Durations as a sketch: percentiles within 1 % of the true value, mergeable, the same in any order (0031).

DDSketch (Masson, Rim, Lee: PVLDB 12, 2019) with the mapping of values to bins of DataDog's `ddsketch`.
Counts per bin are whole numbers, so merging adds them and nothing depends on what came first.
Written by `aggregation`, read by `reading` and `alerts`.
"""

import struct
from collections.abc import Iterable, Mapping
from typing import Final

from ddsketch.mapping import LogarithmicMapping

RELATIVE_ACCURACY: Final = 0.01
SHORTEST_SECONDS: Final = 1e-6
LONGEST_SECONDS: Final = 1e9
"""What is shorter or longer counts as these: no sketch has more than 1,730 bins."""

_MAPPING: Final = LogarithmicMapping(RELATIVE_ACCURACY)
_BIN_BYTES: Final = 12


def bin_of(seconds: float) -> int:
    """Returns the bin in which a duration is counted."""
    return int(_MAPPING.key(min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS)))


def pack(bins: Mapping[int, int]) -> bytes:
    """Returns the sketch with these counts: the bins in order, 4 bytes each, then their counts, 8 each."""
    keys = sorted(bins)
    return struct.pack(f"<{len(keys)}i{len(keys)}Q", *keys, *(bins[key] for key in keys))


def unpack(packed: bytes) -> dict[int, int]:
    """Returns the counts by bin. Raises struct.error for what is no sketch."""
    number = len(packed) // _BIN_BYTES
    values = struct.unpack(f"<{number}i{number}Q", packed)
    return dict(zip(values[:number], values[number:], strict=True))


def merged(sketches: Iterable[bytes]) -> dict[int, int]:
    """Returns the counts of all the sketches together."""
    total: dict[int, int] = {}
    for packed in sketches:
        for key, count in unpack(packed).items():
            total[key] = total.get(key, 0) + count
    return total


def seconds_at(key: int) -> float:
    """Returns the duration that a bin stands for."""
    return float(_MAPPING.value(key))
