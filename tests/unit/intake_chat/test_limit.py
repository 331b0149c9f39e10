"""Token buckets: what is allowed at once, in the long run, and how much they remember."""

from hypothesis import given
from hypothesis import strategies as st

from intake_chat.limit import Buckets


def test_a_burst_is_allowed_and_then_the_pace_holds() -> None:
    buckets = Buckets(per_minute=60, burst=3)
    assert [buckets.take("a", 0) > 0 for _ in range(4)] == [False, False, False, True]
    assert buckets.take("a", 0.5) > 0
    assert buckets.take("a", 1.6) == 0
    assert buckets.take("b", 1.6) == 0


def test_the_pause_that_is_told_is_long_enough() -> None:
    buckets = Buckets(per_minute=6, burst=1)
    assert buckets.take("a", 0) == 0
    pause = buckets.take("a", 1)
    assert buckets.take("a", 1 + pause - 0.01) > 0
    assert buckets.take("a", 1 + pause + 0.01) == 0


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    buckets = Buckets(per_minute=60, burst=1)
    assert buckets.take("a", 100) == 0
    assert buckets.take("a", 0) > 0


@given(st.lists(st.floats(0, 10), min_size=1, max_size=60))
def test_never_more_than_burst_and_pace_allow(pauses: list[float]) -> None:
    buckets = Buckets(per_minute=30, burst=5)
    now, taken = 0.0, 0
    for pause in pauses:
        now += pause
        taken += buckets.take("a", now) == 0
    assert taken <= 5 + now * 0.5 + 1e-6


def test_the_keys_that_were_used_least_lately_are_forgotten() -> None:
    buckets = Buckets(per_minute=1, burst=1, most=10)
    for number in range(100):
        buckets.take(str(number), 0)
    assert len(buckets) == 10
    assert buckets.take("99", 0) > 0
    assert buckets.take("0", 0) == 0
