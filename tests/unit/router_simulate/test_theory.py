"""Where theory has an answer, the simulated desk gives it: waits, service levels, and what people are told.

Three steps, each by itself strict: the desk serves every single customer at the very instant at which
an obvious recursion does; a long run of that recursion agrees with Erlang C; and a short one, with the
desk, lies within its own confidence bounds around Erlang C.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from math import sqrt
from statistics import fmean, stdev

import pytest

from router.simulate.play import play
from router.simulate.visit import Played
from tests.unit.router_simulate.erlang import mean_wait, served_within, waits_at_all
from tests.unit.router_simulate.queue import TAKES, first_come_first_served, mixed, queue

GRID = [(1, 0.5), (1, 0.8), (2, 0.9), (3, 0.95), (5, 0.6), (8, 0.8), (8, 0.95)]
CUSTOMERS = 2000
LIMIT = timedelta(seconds=20)
BATCHES = 20
CONFIDENCE = 3.58
"""Student's t for 0.999 with so many batches: of all tests here, one in a hundred would fail by chance."""

each_load = pytest.mark.parametrize("people,part", GRID)


@cache
def played(people: int, part: float) -> Played:
    return play(queue(people, part, CUSTOMERS, seed=11))


def waits(people: int, part: float) -> list[timedelta]:
    found = [visit.wait for visit in played(people, part).visits]
    assert None not in found
    return [wait for wait in found if wait is not None]


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """Confidence bounds of the mean of values that depend on their neighbours, by means of batches."""
    size = len(values) // BATCHES
    means = [fmean(values[start : start + size]) for start in range(0, size * BATCHES, size)]
    off = CONFIDENCE * stdev(means) / sqrt(BATCHES)
    return fmean(means) - off, fmean(means) + off


@each_load
def test_every_customer_is_served_when_an_obvious_recursion_serves_them(people: int, part: float) -> None:
    assert waits(people, part) == first_come_first_served(queue(people, part, CUSTOMERS, seed=11), people)


@each_load
def test_waits_lie_within_confidence_bounds_of_erlang_c(people: int, part: float) -> None:
    low, high = bounds([wait / TAKES for wait in waits(people, part)])
    assert low <= mean_wait(people, part * people, TAKES) / TAKES <= high


@each_load
def test_service_levels_lie_within_confidence_bounds_of_erlang_c(people: int, part: float) -> None:
    low, high = bounds([float(wait <= LIMIT) for wait in waits(people, part)])
    assert low <= served_within(people, part * people, TAKES, LIMIT) <= high


@pytest.mark.parametrize("people,part", [(1, 0.8), (3, 0.9), (8, 0.8)])
def test_a_long_run_of_the_recursion_agrees_with_erlang_c_closely(people: int, part: float) -> None:
    waited = first_come_first_served(queue(people, part, 120_000, seed=5), people)
    assert sum(waited, timedelta(0)) / len(waited) / mean_wait(people, part * people, TAKES) == pytest.approx(
        1, abs=0.08
    )
    at_once = sum(not wait for wait in waited) / len(waited)
    assert 1 - at_once == pytest.approx(waits_at_all(people, part * people), abs=0.02)
    within = sum(wait <= LIMIT for wait in waited) / len(waited)
    assert within == pytest.approx(served_within(people, part * people, TAKES, LIMIT), abs=0.02)


@each_load
def test_what_people_are_told_is_right_on_average(people: int, part: float) -> None:
    """Within a tenth, although the desk has to find out by itself what a contact takes."""
    visits = played(people, part).visits
    told = sum((visit.expected.mean for visit in visits if visit.expected is not None), timedelta(0))
    assert all(visit.expected is not None for visit in visits)
    assert told / sum(waits(people, part), timedelta(0)) == pytest.approx(1, abs=0.1)


@each_load
def test_eight_of_ten_waits_end_in_the_range_that_was_told(people: int, part: float) -> None:
    told = [visit for visit in played(people, part).visits if visit.expected is not None and visit.expected.high]
    inside = [visit for visit in told if _between(visit.expected.low, visit.wait, visit.expected.high)]  # type: ignore[union-attr]
    assert len(inside) / len(told) == pytest.approx(0.8, abs=0.07)


@pytest.mark.parametrize(
    "agents,cost,part,varies,skills",
    [(3, 30, 0.9, 1.0, False), (1, 100, 0.85, 0.3, False), (4, 100, 0.9, 2.0, False), (4, 100, 0.85, 0.8, True)],
)
def test_where_theory_has_no_formula_what_people_are_told_is_near(
    agents: int, cost: int, part: float, varies: float, skills: bool
) -> None:
    """Within a fifth; on the safe side where it is off."""
    visits = play(mixed(agents, cost, part, varies, 1500, 3, skills=skills)).visits
    for inbox in {visit.arrival.inbox for visit in visits}:
        mine = [visit for visit in visits if visit.arrival.inbox == inbox]
        told = sum((visit.expected.mean for visit in mine if visit.expected is not None), timedelta(0))
        waited = sum((visit.wait for visit in mine if visit.wait is not None), timedelta(0))
        assert told / waited == pytest.approx(1.05, abs=0.15)


def test_erlang_c_is_what_the_books_say() -> None:
    """One person waits as M/M/1 does; ten people at a load of 8 are in every table."""
    assert waits_at_all(1, 0.5) == pytest.approx(0.5)
    assert mean_wait(1, 0.5, TAKES) / TAKES == pytest.approx(1)
    assert waits_at_all(10, 8) == pytest.approx(0.4092, abs=0.0001)


def _between(low: timedelta, wait: timedelta | None, high: timedelta) -> bool:
    return wait is not None and low <= wait <= high
