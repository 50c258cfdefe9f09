"""How long to wait before the next try: exponential with full jitter.

Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
"""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Waits between `first_seconds` and `limit_seconds`, doubling; half of each wait is random."""

    first_seconds: float = 0.1
    limit_seconds: float = 5.0

    def delay(self, attempt: int) -> float:
        """Returns the seconds to wait after failed try number `attempt` (from 1)."""
        ceiling = min(self.limit_seconds, self.first_seconds * 2.0 ** min(attempt - 1, 32))
        return ceiling * (0.5 + random.random() / 2)  # noqa: S311  jitter needs no secrecy
