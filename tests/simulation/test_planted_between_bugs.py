"""Each bug in `desk/planted_between.py` has to break a promise of two desks within a bounded number of seeds."""

from functools import partial

import pytest

from tests.simulation.desk.acts import only
from tests.simulation.desk.planted_between import ACTS_BETWEEN, PLANTED_BETWEEN, with_bug_between
from tests.simulation.desk.scenario import simulate
from tests.simulation.desk.trouble import Trouble, lose_end, lose_end_under_the_living
from tests.simulation.desk.trouble_between import (
    hear_again_later,
    move_behind_effects,
)
from tests.simulation.desk.two_desks import TwoDesks
from tests.simulation.scenario import Broken

BUDGET = 60
"""Seeds within which a bug has to show; most show in the first few."""

TROUBLE = {
    "let_an_inbox_go_before_the_indexes_have_what_was_decided": Trouble(move_behind_effects),
    "take_a_parcel_again": Trouble(hear_again_later),
    "look_for_no_contact_that_went_astray": Trouble(lose_end),
    "wait_for_a_contact_whose_coming_is_lost": Trouble(lose_end),
    "acknowledge_while_the_log_is_in_doubt": Trouble(lose_end_under_the_living),
    "believe_the_index_of_what_a_log_has_lost": Trouble(lose_end),
}
"""What has to happen for a bug to show, where few seeds come to it by themselves."""

FIRST = {
    "acknowledge_while_the_log_is_in_doubt": 18,
    "acknowledge_before_it_is_decided": 7,
    "believe_the_index_of_what_a_log_has_lost": 179,
    "decide_what_comes_in_by_an_inbox_that_was_given_away": 7,
    "forget_a_clock_on_the_way": 1,
    "forget_how_long_a_clock_stood_still": 1,
    "forget_what_a_clock_has_still_to_warn_of": 1,
    "forget_what_was_breached": 1,
    "forget_which_check_ins_were_written": 367,
    "know_no_inbox_but_ones_own_when_something_is_split_off": 1,
    "leave_the_keys_of_what_is_moved": 1,
    "keep_what_belongs_to_nothing_here": 2,
    "let_go_and_keep": 1,
    "leave_the_keys_of_whom_we_erase": 1,
    "take_a_parcel_again": 1,
    "take_what_was_erased_on_its_way": 74,
    "wait_for_a_contact_whose_coming_is_lost": 80,
}
"""Where to begin, so that nobody waits for long."""


@pytest.mark.parametrize("bug", PLANTED_BETWEEN)
def test_a_planted_bug_breaks_a_promise_of_two_desks(bug: str) -> None:
    first = FIRST.get(bug, 0)
    assert any(shows(bug, seed) for seed in range(first, first + BUDGET)), f"{bug} was not found by {BUDGET} seeds"


def shows(bug: str, seed: int) -> bool:
    """Whether `seed` breaks a promise with the bug, and breaks none without it."""
    trouble, acts = TROUBLE.get(bug), ACTS_BETWEEN.get(bug, ())
    with with_bug_between(bug):
        found = is_broken(seed, trouble, acts)
    return found and not is_broken(seed, trouble, acts)


def is_broken(seed: int, trouble: Trouble | None, acts: tuple[str, ...]) -> bool:
    try:
        simulate(seed, trouble, partial(TwoDesks, does=only(seed, *acts)))
    except Broken:
        return True
    return False
