"""How ids are made, so that the same thing always has the same id (design.md section 3).

Called by the runner (messages, actions) and the plan service (plans, commands).
"""

from uuid import UUID, uuid4, uuid5

_SPACE = UUID("5b1a3b0e-2f0f-5d0c-9d1f-0a9e3f6c7a11")


def new_id() -> str:
    """Returns a random id (RFC 9562, version 4) in its canonical form."""
    return str(uuid4())


def derived_id(*parts: object) -> str:
    """Returns the id (RFC 9562, version 5) that these parts always have; their order counts."""
    return str(uuid5(_SPACE, "\x1f".join(str(part) for part in parts)))


def message_id(plan_id: str, seq: int, attempt: int) -> str:
    """Returns the id of the message at `seq` in `attempt`: publishing it again does not change it."""
    return derived_id("message", plan_id, seq, attempt)
