"""Tokens and money of an action, from its message (`ActionCompleted.usage`). Pure.

What the runner has priced itself counts as it says; else the table `agentbus.contracts.prices` by model and
day. A model that nobody has a price for costs None, not zero, and its tokens are told as unpriced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from agentbus.contracts.prices import Prices
from agentbus.telemetry.aggregation.naming import name

_MOST_TOKENS: Final = 10**12
_MOST_USD: Final = 1e9


@dataclass(frozen=True, slots=True)
class Usage:
    """What an action used."""

    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = None

    @property
    def unpriced_tokens(self) -> int:
        """Tokens whose price is not known."""
        return self.input_tokens + self.output_tokens if self.cost_usd is None else 0


NOTHING: Final = Usage()


def usage_in(payload: Mapping[str, Any], day: date, prices: Prices) -> Usage:
    """Returns what the action used that ended with this payload on that day."""
    told = payload.get("usage")
    if not isinstance(told, Mapping):
        return NOTHING
    model = name(told.get("model"))
    used = _tokens(told.get("input_tokens")), _tokens(told.get("output_tokens"))
    cost = _usd(told.get("cost_usd"))
    return Usage(model, *used, prices.cost(model, *used, on=day) if cost is None else cost)


def _tokens(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value <= _MOST_TOKENS else 0


def _usd(value: object) -> Decimal | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _MOST_USD:
        return Decimal(repr(value))
    return None
