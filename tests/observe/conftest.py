"""The tests of `make observe`."""

from support.observed import observed

__all__ = ["observed"]
