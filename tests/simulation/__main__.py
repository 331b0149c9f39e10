"""Hunt: `python -m tests.simulation [first [count]]` runs seeds and prints those that break a promise."""

import sys
import time

from tests.simulation.scenario import Broken, simulate


def main(first: int = 0, count: int = 10_000) -> int:
    began = time.perf_counter()
    broken = 0
    for seed in range(first, first + count):
        try:
            simulate(seed)
        except Broken as error:
            broken += 1
            print(error, flush=True)
    seconds = time.perf_counter() - began
    print(f"{count} seeds, {broken} broken, {count / seconds:.0f} seeds/s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
