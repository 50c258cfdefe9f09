"""What a request prefers, read from its header; what makes no sense counts as not said.

Pure; called by `routes.py`.
"""

from typing import Final

from agentbus.chassis.negotiation import items

_DIGITS: Final = 9
"""More digits mean longer than any limit anyway."""


def wait_seconds(prefer: str, limit_seconds: int) -> int | None:
    """Returns for how long `Prefer` asks to wait (RFC 7240 section 4.3), at most the limit; None: not at all.

    As that section has it, the first `wait` counts.
    """
    for item in items(prefer):
        name, _, value = item.partition(";")[0].partition("=")
        if name.strip().lower() != "wait":
            continue
        seconds = value.strip().strip('"')
        if not (seconds.isascii() and seconds.isdecimal()):
            return None
        return min(int(seconds[:_DIGITS]), limit_seconds) or None
    return None
