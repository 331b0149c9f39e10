"""`python -m tests.simulation [first [count]]`: run seeds of the desk (some of two desks) and of its log, on all cores.

`first` is a number or `commit`: derived from the code that is checked out. Prints the
seeds that break a promise, and how to run one of them again.
"""

import hashlib
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from os import cpu_count
from pathlib import Path

from tests.simulation import scenario
from tests.simulation.desk import drawn
from tests.simulation.scenario import Broken

_ROOT = Path(__file__).resolve().parents[2]
_CODE = ("services", "shared", "tests")
_AT_ONCE = 20
_TELL_EVERY = 50
"""Parts of so many seeds; of each kind one after the other."""
_KINDS: dict[str, Callable[[int], object]] = {"desk": drawn.simulate, "log": scenario.simulate}


def of_commit() -> int:
    """The first seed for the code that is checked out: by what it says, so that it stays when a commit is made anew."""
    digest = hashlib.sha256()
    for path in sorted(path for part in _CODE for path in (_ROOT / part).rglob("*.py")):
        digest.update(path.read_bytes())
    return int.from_bytes(digest.digest()[:4], "big")


def some(kind: str, first: int, count: int) -> list[str]:
    """What broke in these seeds."""
    broken = []
    for seed in range(first, first + count):
        try:
            _KINDS[kind](seed)
        except Broken as error:
            broken.append(f"{kind}: {error}")
    return broken


def main(first: str = "0", count: str = "10000") -> int:
    begin, seeds = of_commit() if first == "commit" else int(first), int(count)
    began = time.perf_counter()
    broken = 0
    print(f"Seeds {begin} to {begin + seeds - 1}, of the desk and of the log.", flush=True)
    with ProcessPoolExecutor(cpu_count()) as pool:
        parts = [
            pool.submit(some, kind, at, min(_AT_ONCE, begin + seeds - at))
            for at in range(begin, begin + seeds, _AT_ONCE)
            for kind in _KINDS
        ]
        for done, part in enumerate(parts, 1):
            for said in part.result():
                broken += 1
                print(said, flush=True)
            if done % _TELL_EVERY == 0:
                told = done * _AT_ONCE // len(_KINDS)
                print(f"{told} of {seeds}, {broken} broken, {time.perf_counter() - began:.0f} s", flush=True)
    seconds = time.perf_counter() - began
    print(f"{seeds} seeds, {broken} broken, {seconds:.0f} s, {seeds / seconds:.1f} seeds/s")
    if broken:
        print("One of them again: make simulate SEEDS=1 FIRST=<seed>")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
