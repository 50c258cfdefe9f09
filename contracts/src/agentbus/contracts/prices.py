"""What models cost, read as data from `prices.yaml`: US dollars for a million tokens, by model and day.

Called by telemetry for usage that the runner has not priced itself.
"""

import re
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

_SNAPSHOT: Final = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{8})$")
_MILLION: Final = 1_000_000


class Price(BaseModel):
    """A price from `since` on, until the model's next one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: date
    input_usd: Decimal = Field(ge=0, description="For a million input tokens.")
    output_usd: Decimal = Field(ge=0, description="For a million output tokens.")


class Prices(BaseModel):
    """The table: each model's prices, the oldest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: dict[str, list[Price]]

    def cost(self, model: str, input_tokens: int, output_tokens: int, *, on: date) -> Decimal | None:
        """Returns the exact cost in US dollars; None when the model had no known price on that day.

        A provider before the name (`openai/…`) and a snapshot's date after it change no price.
        """
        listed = self.models.get(_SNAPSHOT.sub("", model.rpartition("/")[2]), [])
        price = next((each for each in reversed(listed) if each.since <= on), None)
        if price is None:
            return None
        return (price.input_usd * input_tokens + price.output_usd * output_tokens) / _MILLION


@cache
def prices() -> Prices:
    """Returns the table as declared."""
    text = (files("agentbus.contracts") / "prices.yaml").read_text(encoding="utf-8")
    return Prices.model_validate(yaml.load(text, Loader=yaml.BaseLoader))  # noqa: S506  all values as text
