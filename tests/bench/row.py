"""A line of the benchmark table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A figure beside its reference, both measured in the same run.

    `ratio` is `value` to `reference_value` where there is a reference. `target` says in words what is wanted,
    e.g. "ratio ≥ 0.70"; `met` whether it was reached, None when there is no target.
    """

    name: str
    value: float
    unit: str
    reference_name: str = ""
    reference_value: float | None = None
    ratio: float | None = None
    target: str = ""
    met: bool | None = None
