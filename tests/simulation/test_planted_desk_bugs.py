"""Each bug in `desk/planted.py` has to break a promise within a bounded number of seeds."""

import pytest

from tests.simulation.desk.planted import PLANTED, with_bug
from tests.simulation.desk.scenario import simulate
from tests.simulation.scenario import Broken

BUDGET = 150
"""Seeds within which a bug has to show; most show in the first few."""

FIRST = {"believe_a_snapshot_of_a_lost_end": 100}
"""Where to begin for a bug that takes a rare trouble to show."""


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_breaks_a_promise_of_the_desk(bug: str) -> None:
    with with_bug(bug):
        assert any(broken(FIRST.get(bug, 0) + n) for n in range(BUDGET)), f"{bug} was not found by {BUDGET} seeds"


def test_a_failing_seed_names_itself_and_fails_again_in_the_same_way() -> None:
    with with_bug("forget_a_pause"):
        seed = next(seed for seed in range(BUDGET) if broken(seed))
        said = broken(seed)
        assert said is not None
        assert said.startswith(f"FRONTLINE_SEED={seed}: ")
        assert broken(seed) == said
    assert broken(seed) is None


def broken(seed: int) -> str | None:
    """What the simulator says under `seed`."""
    try:
        simulate(seed)
    except Broken as error:
        return str(error)
    return None
