"""What becomes of a desk's consumer, from what is wanted, what it has, and what others have."""

from itertools import product

from router.desk.holding import Fit, fit

A, B, C = "inbound.email.a", "inbound.email.b", "inbound.email.c"
NOTHING: frozenset[str] = frozenset()


def test_a_desk_without_a_consumer_gets_one_with_all_that_is_free() -> None:
    assert fit([A, B], None, frozenset({B})) == Fit(frozenset({A}), frozenset({B}), anew=False)


def test_a_consumer_that_is_as_it_should_be_is_left_alone() -> None:
    assert fit([A, B], frozenset({A, B}), frozenset({C})) == Fit(frozenset({A, B}), NOTHING, anew=False)


def test_a_consumer_is_made_anew_for_what_it_gains_since_it_never_goes_back() -> None:
    assert fit([A, B], frozenset({A}), NOTHING) == Fit(frozenset({A, B}), NOTHING, anew=True)


def test_a_consumer_is_made_anew_without_what_is_given_up() -> None:
    assert fit([A], frozenset({A, B}), NOTHING) == Fit(frozenset({A}), NOTHING, anew=True)


def test_a_desk_with_nothing_left_loses_its_consumer_and_never_has_one_without_a_filter() -> None:
    plan = fit([], frozenset({A}), NOTHING)
    assert (plan.takes, plan.anew) == (NOTHING, True)


def test_no_plan_takes_what_another_has_and_each_plan_is_at_its_end_after_one_step() -> None:
    sets = [frozenset(each) for each in ((), (A,), (B,), (A, B), (B, C), (A, B, C))]
    for wanted, ours, others in product(sets, [None, *sets], sets):
        if (ours or NOTHING) & others:
            continue  # the server lets no two have one
        plan = fit(wanted, ours, others)
        assert plan.takes == wanted - others
        assert plan.awaited == wanted & others
        assert not plan.takes & others
        settled = fit(wanted, plan.takes or None, others)
        assert (settled.anew, settled.takes) == (False, plan.takes)
