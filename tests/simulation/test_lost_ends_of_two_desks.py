"""Two desks of which a log, or both, lose their ends: contacts are at one desk again, and no message is undecided."""

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from tests.simulation.desk.acts import only
from tests.simulation.desk.scenario import Scenario, simulate
from tests.simulation.desk.trouble import Trouble, lose_end, lose_end_under_the_living
from tests.simulation.desk.two_desks import TwoDesks

SEEDS = range(12)


@pytest.mark.parametrize("happens", [lose_end, lose_end_under_the_living])
@pytest.mark.parametrize("seed", SEEDS)
def test_two_desks_come_to_one_truth_again_after_ends_of_their_logs_are_lost(
    seed: int, happens: Callable[[Scenario], Coroutine[Any, Any, None]]
) -> None:
    simulate(seed, Trouble(happens), partial(TwoDesks, does=only(seed)))
