"""A leader in a process of its own, to be stopped by a test: `python -m ... <url>`.

It prints `epoch <n>`, then `counted <index> <sequence>` for each commit that was told as counted,
and `deposed` as its last word, with exit code 3. It writes as fast as it may, all the time.
"""

import asyncio
import sys

from frontline.runtime.bus import Bus
from router.desk.log import Deposed
from tests.integration.router_log.leading import leading


async def main(url: str) -> int:
    bus = Bus(name="first leader", ack_deadline=1.0)
    await bus.connect(url)
    try:
        async with leading(bus) as leader:
            print("epoch", leader.writer.epoch, flush=True)
            while True:
                before = len(leader.written)
                await leader.write(50)
                for index, future in leader.written[before:]:
                    future.add_done_callback(lambda told, index=index: report(index, told))  # type: ignore[misc]
                await asyncio.sleep(0.001)
    except Deposed:
        await asyncio.sleep(0)  # whatever was told is printed first
        print("deposed", flush=True)
        return 3
    finally:
        await bus.close()


def report(index: int, told: asyncio.Future[int]) -> None:
    if not told.cancelled() and told.exception() is None:
        print("counted", index, told.result(), flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
