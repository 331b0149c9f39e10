"""One figure of a benchmark. Ratios (`x`) are of two things measured side by side in one run."""

from typing import NamedTuple


class Row(NamedTuple):
    what: str
    value: float
    unit: str
