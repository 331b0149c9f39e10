"""What theory says of a queue with one kind of customer and people who are alike (M/M/c, after Erlang)."""

from datetime import timedelta
from math import exp


def waits_at_all(people: int, load: float) -> float:
    """Erlang C: the part of the customers who have to wait, with `load` (arrivals a second times seconds
    that one takes) below `people`.
    """
    blocked = 1.0
    for number in range(1, people + 1):
        blocked = load * blocked / (number + load * blocked)
    return blocked / (1 - load / people * (1 - blocked))


def mean_wait(people: int, load: float, takes: timedelta) -> timedelta:
    return takes * (waits_at_all(people, load) / (people - load))


def served_within(people: int, load: float, takes: timedelta, limit: timedelta) -> float:
    """The service level: the part of the customers who wait no longer than `limit`."""
    return 1 - waits_at_all(people, load) * exp(-(people - load) * (limit / takes))
