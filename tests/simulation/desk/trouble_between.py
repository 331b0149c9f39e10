"""Trouble between two desks that is sure to come where it is asked for; see `trouble.py`."""

import asyncio
from typing import TYPE_CHECKING

from tests.simulation.desk.firm_of_two import MOVING
from tests.simulation.desk.two_desks import TwoDesks

if TYPE_CHECKING:
    from tests.simulation.desk.scenario import Scenario

_STUCK = 8.0
_LATE = 11.0
"""Virtual seconds, all."""


async def hear_again_later(run: "Scenario") -> None:
    """What the desks have said to each other comes a second time, when most of it is long past."""
    assert isinstance(run, TwoDesks)
    await asyncio.sleep(max(0.0, _LATE - asyncio.get_running_loop().time()))
    await run.hear_again()


async def move_behind_effects(run: "Scenario") -> None:
    """An inbox moves while its messages are in hand, and a new leader gives it up while what was decided is in no index."""
    assert isinstance(run, TwoDesks)
    streams = [run.broker.streams[name] for name in ("TRANSCRIPT", "KV_KEYS")]
    for stream in streams:
        stream.full = True
    for _ in range(10):
        run.channel.write()
    await asyncio.sleep(0.5)
    await run.move(*MOVING)
    await asyncio.sleep(0.5)
    for router in run.routers():
        await run._replace(router)
    await asyncio.sleep(_STUCK)
    for stream in streams:
        stream.full = False
