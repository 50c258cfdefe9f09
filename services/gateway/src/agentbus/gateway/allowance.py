"""How fast a socket may send: a token bucket. Pure. Asked by the socket for every frame that comes."""

from dataclasses import dataclass

_UNIT_BYTES = 4096
"""A frame counts once for each of these that it begins."""


@dataclass
class Allowance:
    """`per_second` frames in the long run, `burst` at once; `left` at the time `at` (seconds)."""

    per_second: float
    burst: float
    at: float
    left: float = -1.0

    def __post_init__(self) -> None:
        self.left = self.burst

    def take(self, size_bytes: int, now: float) -> bool:
        """Counts a frame of this size at `now`; returns whether it was still allowed."""
        self.left = min(self.burst, self.left + (now - self.at) * self.per_second)
        self.at = now
        self.left -= 1 + size_bytes // _UNIT_BYTES
        return self.left >= 0
