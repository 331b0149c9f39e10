"""`python -m router.desk.snapshotting <desk>`: take a snapshot of a desk, in a process of its own.

The loop that decides never waits for it: this reads the last snapshot and the log behind it, as a
new leader would, and writes the next one. What it finds wrong with the log, a leader would have found.
"""

import asyncio
import gc
import os
import sys
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime

from frontline.cli.output import line
from frontline.cli.reach import on_bus
from frontline.contract.error import SettingsError, Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.parent import DIES_WITH_PARENT, die_with_parent
from frontline.runtime.settings import environment
from router.core.snapshot import UnreadableSnapshot
from router.desk.follower import Follower
from router.desk.log_store import StreamLogStore
from router.desk.snapshots import Snapshots, Taken

NICENESS = 10


async def take(bus: Bus, desk: DeskId, clock: Callable[[], datetime]) -> Taken | None:
    """The snapshot that was taken; `None` for a desk that has decided nothing since the last one.
    Raises `Unavailable`, `UnreadableSnapshot`, and what a log does that can't be followed.
    """
    snapshots = Snapshots(bus, desk)
    # Before anything is read: whoever was paused behind that would list what is old by then above what is younger.
    claim = await snapshots.claim()
    follower = Follower(desk, StreamLogStore(bus, desk))
    behind = await follower.begin(snapshots)
    began = follower.fence.seq
    async with aclosing(follower.store.read(began)) as records:
        async for stored in records:
            follower.take(stored)
    if follower.place.seq == began or follower.fence.epoch == 0:
        return None
    return await snapshots.write(follower.state, follower.place, clock(), claim, behind)


def main(arguments: list[str]) -> int:
    if DIES_WITH_PARENT:
        die_with_parent()
    os.nice(NICENESS)
    gc.disable()  # it ends with the snapshot
    desk = DeskId(arguments[0])
    try:
        taken = on_bus(environment(), lambda bus: take(bus, desk, lambda: datetime.now(UTC)))
    except (Unavailable, UnreadableSnapshot, SettingsError) as error:
        line(f"No snapshot of desk {desk}: {error}")
        return 1
    line("Nothing is new." if taken is None else f"{taken.contacts} contacts, up to sequence {taken.seq}.")
    return 0


async def in_a_child(desk: DeskId) -> int:
    """Have it taken by a child of this process; gives its exit code."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "router.desk.snapshotting", desk, stdin=asyncio.subprocess.DEVNULL
    )
    try:
        return await child.wait()
    except asyncio.CancelledError:
        child.terminate()
        await child.wait()
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
