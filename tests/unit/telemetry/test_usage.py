"""An action costs what its model cost on that day; what nobody has a price for has no known cost."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from agentbus.contracts.prices import Price, Prices, prices
from agentbus.telemetry.aggregation.usage import usage_in

DAY = date(2026, 1, 1)
TABLE = Prices(
    models={
        "small": [
            Price(since=date(2024, 1, 1), input_usd=Decimal(5), output_usd=Decimal(10)),
            Price(since=date(2025, 1, 1), input_usd=Decimal("0.1"), output_usd=Decimal("0.3")),
        ]
    }
)


def used(day: date = DAY, **told: Any) -> tuple[Decimal | None, int]:
    usage = usage_in({"usage": {"model": "small", "input_tokens": 3, "output_tokens": 1, **told}}, day, TABLE)
    return usage.cost_usd, usage.unpriced_tokens


@pytest.mark.parametrize("model", ["small", "maker/small", "small-2025-02-03", "small-20250203"])
def test_the_price_is_that_of_the_model_on_that_day(model: str) -> None:
    assert used(model=model) == (Decimal("0.0000006"), 0)
    assert used(date(2024, 6, 1), model=model) == (Decimal("0.000025"), 0)


def test_without_a_price_the_cost_is_unknown_and_told_so() -> None:
    assert used(date(2023, 12, 31)) == (None, 4)
    assert used(model="another") == used(model=None) == (None, 4)


def test_what_the_runner_priced_counts_as_it_says() -> None:
    assert used(cost_usd=0.25) == (Decimal("0.25"), 0)
    assert used(cost_usd=-1) == used(cost_usd="0.25") == used(cost_usd=True) == (Decimal("0.0000006"), 0)


@pytest.mark.parametrize("tokens", [-1, 1.5, "3", None, 10**13])
def test_what_is_no_number_of_tokens_is_none(tokens: Any) -> None:
    assert used(input_tokens=tokens) == (Decimal("0.0000003"), 0)


def test_the_table_is_readable_and_its_prices_are_in_order() -> None:
    for model, listed in prices().models.items():
        assert listed, model
        assert [each.since for each in listed] == sorted({each.since for each in listed}), model
