"""Fixtures of the whole tree."""

from support.stack import stack

__all__ = ["stack"]
