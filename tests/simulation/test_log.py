"""The promises of the log (`promises.py`), over many seeds.

`FRONTLINE_SEED=123` runs that one again; `make simulate` goes on hunting.
"""

import os
from collections import Counter

import pytest

from tests.simulation.scenario import simulate

SEEDS = 150
_A_TEST = 50
_SEED = os.environ.get("FRONTLINE_SEED")

KINDS = (
    "acknowledgement late",
    "acknowledgement lost",
    "competitor",
    "connection lost",
    "crash",
    "deadline passed",
    "frozen",
    "full",
    "intruder",
    "late copy refused",
    "late",
    "read failed",
    "refused",
    "request lost",
    "stale read",
    "stored after all",
)


def seeds(first: int) -> range:
    return range(int(_SEED), int(_SEED) + 1) if _SEED else range(first, first + _A_TEST)


@pytest.mark.parametrize("first", [0] if _SEED else range(0, SEEDS, _A_TEST))
def test_every_reader_counts_what_was_reported_and_nothing_is_decided_twice(first: int) -> None:
    for seed in seeds(first):
        simulate(seed)


def test_a_seed_replays_exactly() -> None:
    for seed in range(20):
        assert simulate(seed) == simulate(seed)


def test_every_kind_of_trouble_comes_up_and_much_is_counted_all_the_same() -> None:
    seen: Counter[str] = Counter()
    for seed in range(100):
        seen += simulate(seed).seen
    assert [kind for kind in KINDS if not seen[kind]] == []
    assert seen["commits"] > 5_000
