"""Fixtures of the whole tree."""

from support.stack import stack
from support.system import system

__all__ = ["stack", "system"]
