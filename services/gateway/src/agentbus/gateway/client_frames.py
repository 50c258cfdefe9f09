"""What clients send, in all the ways in which they wrap it (compatibility.md section 1). Pure."""

from typing import Any

import orjson

from agentbus.contracts.frames import APPROVING_WORDS, Frame
from agentbus.gateway.errors import BadFrame

_WRAPPINGS = 3


def read(text: str) -> Frame:
    """Returns the frame in `text`: plain, double-wrapped, or a bare OK/YES/APPROVE. Raises BadFrame."""
    if approves(text):
        return Frame(type="user_clarification_response", data={"answer": text.strip()})
    value = _unwrapped(text)
    if isinstance(value, str) and approves(value):
        return Frame(type="user_clarification_response", data={"answer": value.strip()})
    if not isinstance(value, dict):
        raise BadFrame('a frame is a JSON object: {"type": …, "data": {…}}')
    for _ in range(_WRAPPINGS):
        inner = _unwrapped(value.get("data"))
        if not (isinstance(inner, dict) and isinstance(inner.get("type"), str) and "data" in inner):
            break
        value = inner
    return _frame(value)


def approves(answer: str) -> bool:
    """Tells whether an answer means "approved" to a plan that waits for approval."""
    return answer.strip().rstrip(".!").upper() in APPROVING_WORDS


def _frame(value: dict[str, Any]) -> Frame:
    kind = value.get("type")
    if not isinstance(kind, str):
        raise BadFrame("a frame needs a type")
    data = _unwrapped(value.get("data"))
    if data is None:
        data = {name: field for name, field in value.items() if name not in ("type", "data")}
    if not isinstance(data, dict):
        raise BadFrame("data must be an object")
    try:
        return Frame(type=kind, data=data)
    except ValueError:
        raise BadFrame("type must be lower snake case") from None


def _unwrapped(value: Any) -> Any:
    """The JSON value inside a string, however often it was wrapped; a string that is no JSON stays."""
    for _ in range(_WRAPPINGS):
        if not isinstance(value, str):
            break
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            break
    return value
