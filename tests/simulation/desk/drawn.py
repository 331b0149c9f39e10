"""What a seed stands for: a run of one desk, or, a share of them, of two."""

from collections.abc import Callable

from tests.simulation.desk import scenario
from tests.simulation.desk.acting import Acting
from tests.simulation.desk.scenario import Run, Scenario
from tests.simulation.desk.trouble import Trouble
from tests.simulation.desk.two_desks import TwoDesks

SHARE = 6
"""One seed in so many is of two desks."""


def simulate(seed: int) -> Run:
    """Run `seed`. Raises `Broken`."""
    return scenario.simulate(seed, kind=kind(seed))


def kind(seed: int) -> Callable[[int, Trouble | None], Scenario]:
    return TwoDesks if seed % SHARE == SHARE - 1 else Acting
