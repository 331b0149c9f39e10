"""How a replica ends."""

import asyncio
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from frontline.configuration.model import Configuration, Desk
from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.telemetry import logger
from router.desk.configured import Configured
from router.desk.figures import RouterFigures
from router.desk.follower import Follower
from router.desk.log import Deposed
from router.desk.log_store import LogStore
from router.desk.replica import Replica
from router.desk.surroundings import Surroundings


class Noted:
    def error(self, event: str, **_: object) -> None: ...


class Around:
    """As much of a replica's surroundings as one needs that never gets to lead."""

    bus = None
    log = Noted()
    configured = Configured(Configuration(), None, logger("test"), RouterFigures(CollectorRegistry()))
    lease_seconds = 2.0


class FailsAtItsEnd(Replica):
    """Something in it fails at the very moment at which it is cancelled."""

    began = False

    async def _once(self, stopping: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._fail_at_the_end())
            await asyncio.sleep(0)
            self.began = True
            await stopping.wait()

    async def _fail_at_the_end(self) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            raise Unavailable("the connection is lost")


async def test_a_replica_that_is_cancelled_ends_also_if_something_fails_meanwhile() -> None:
    """Seed 693 of the desk's simulation: the failure hid the cancellation, and the replica began again."""
    replica = FailsAtItsEnd(Desk(id=DeskId("support")), "replica-1", cast("Surroundings", Around()))
    task = asyncio.create_task(replica.run(asyncio.Event()))
    while not replica.began:
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=30)
    assert done
    assert task.cancelled()


class Holding:
    """A store that says whether it still holds what it is asked for, from a given question on not any more."""

    def __init__(self, questions: int) -> None:
        self.left = questions

    async def holds(self, _seq: int, _mark: str) -> bool:
        self.left -= 1
        return self.left > 0


class NeverThere(Follower):
    async def reach(self, seq: int) -> None:
        await asyncio.Event().wait()


async def test_a_leader_whose_own_epoch_the_log_has_lost_steps_down_instead_of_waiting_for_it() -> None:
    """Seed 4029 of the desk's simulation: it kept the lease, and the desk stood still for ever."""
    around = Around()
    around.lease_seconds = 0.001
    replica = Replica(Desk(id=DeskId("support")), "replica-1", cast("Surroundings", around))
    replica._store = cast("LogStore", Holding(3))
    follower = NeverThere(DeskId("support"), cast("LogStore", None))
    with pytest.raises(Deposed):
        await replica._reach(follower, 7, "mark")
