"""A process that floods the webhook channel: `python -m tests.bench.flooding <host:port> <connections>`.

Each connection sends the next message when the last one is answered, whatever the answer was. Prints
`<taken> <put off>` when it is told to stop by the end of its input. It runs last of all: who floods us does
so from machines of their own.
"""

import asyncio
import os
import sys
from collections import Counter
from itertools import count

from tests.bench.clients import Poster, post


async def main(at: str, connections: int) -> None:
    os.nice(19)
    statuses: Counter[int] = Counter()
    numbers = count(1_000_000)
    async with asyncio.TaskGroup() as tasks:
        flood = [tasks.create_task(_flood(await Poster.open(at), at, numbers, statuses)) for _ in range(connections)]
        print("flooding", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for each in flood:
            each.cancel()
    taken = sum(times for status, times in statuses.items() if status < 300)
    assert all(status == 503 for status in statuses if status >= 300), statuses
    print(taken, statuses[503])


async def _flood(poster: Poster, at: str, numbers: "count[int]", statuses: Counter[int]) -> None:
    for number in numbers:
        statuses[await poster.send(post(at, number))] += 1


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
