"""Each bug in `desk/planted.py` has to break a promise within a bounded number of seeds."""

from datetime import timedelta
from functools import partial

import pytest

from tests.simulation.desk import planted_acts
from tests.simulation.desk.acting import Acting
from tests.simulation.desk.acts import only
from tests.simulation.desk.planted import PLANTED, with_bug
from tests.simulation.desk.scenario import Scenario, simulate
from tests.simulation.desk.trouble import Trouble, lose_end, lose_end_under_the_living, overtake
from tests.simulation.scenario import Broken

BUDGET = 150
"""Seeds within which a bug has to show; most show in the first few."""

TROUBLE = {
    "believe_a_snapshot_of_a_lost_end": Trouble(lose_end),
    "lead_with_a_wrong_clock": Trouble(Scenario._start_with_wrong_clock),
    "live_on_with_a_lost_end": Trouble(lose_end_under_the_living),
    "skip_what_was_purged": Trouble(overtake, retention=timedelta(0)),
}
"""What has to happen for a bug to show, where few seeds come to it by themselves."""


FIRST = {
    "leave_what_was_asked_before_a_later_answer_as_it_was": 122,
    "bring_back_what_was_asked_behind_a_reply_that_failed": 36,
}
"""Where to begin, so that nobody waits for long."""

ACTS = {bug.__name__: acts for bug, acts in planted_acts.BUGS.items()}
"""What people do in each seed, where a bug shows in nothing else; the others are looked for in seeds without acts."""


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_breaks_a_promise_of_the_desk(bug: str) -> None:
    first = FIRST.get(bug, 0)
    assert any(shows(bug, seed) for seed in range(first, first + BUDGET)), f"{bug} was not found by {BUDGET} seeds"


def test_a_failing_seed_names_itself_and_fails_again_in_the_same_way() -> None:
    with with_bug("forget_a_pause"):
        seed = next(seed for seed in range(BUDGET) if broken(seed))
        said = broken(seed)
        assert said is not None
        assert said.startswith(f"FRONTLINE_SEED={seed}: ")
        assert broken(seed) == said
    assert broken(seed) is None


def shows(bug: str, seed: int) -> bool:
    """Whether `seed` breaks a promise with the bug, and breaks none without it."""
    trouble = TROUBLE.get(bug)
    acts = ACTS.get(bug, ())
    with with_bug(bug):
        found = broken(seed, trouble, acts) is not None
    return found and broken(seed, trouble, acts) is None


def broken(seed: int, trouble: Trouble | None = None, acts: tuple[str, ...] = ()) -> str | None:
    """What the simulator says under `seed`, with just these acts."""
    try:
        simulate(seed, trouble, partial(Acting, does=only(seed, *acts)))
    except Broken as error:
        return str(error)
    return None
