"""A simulator that finds nothing proves nothing: each bug in `planted.py` has to break a promise."""

import pytest

from tests.simulation.planted import PLANTED
from tests.simulation.scenario import Broken, simulate

BUDGET = 400
"""Seeds within which a bug has to show; most show in the first few."""


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_breaks_a_promise(bug: str) -> None:
    assert any(broken(seed, bug) for seed in range(BUDGET)), f"{bug} was not found by {BUDGET} seeds"


@pytest.mark.parametrize("bug", ["DecidesAgain", "AcceptsGaps", "TriesAtOnceForEver"])
def test_a_failing_seed_names_itself_and_fails_again_in_the_same_way(bug: str) -> None:
    seed = next(seed for seed in range(BUDGET) if broken(seed, bug))
    said = broken(seed, bug)
    assert said is not None
    assert said.startswith(f"FRONTLINE_SEED={seed}: ")
    assert broken(seed, bug) == said


def broken(seed: int, bug: str) -> str | None:
    """What the simulator says of `bug` under `seed`."""
    try:
        simulate(seed, PLANTED[bug])
    except Broken as error:
        return str(error)
    return None
