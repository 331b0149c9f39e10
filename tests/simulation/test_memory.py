"""What a replica leaves behind that starts afresh."""

import asyncio
import gc
from collections.abc import Callable
from datetime import timedelta
from random import Random

from frontline.runtime.topology import stream_configs
from router.core.capacity import Agent
from tests.simulation.desk import firm
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.process import Process
from tests.simulation.faults import Faults
from tests.simulation.virtual_loop import run_virtually


async def _lead_by_turns() -> tuple[int, int]:
    """How many agents are kept in the memory of two replicas that have taken a desk from each other and read
    snapshots again, and how many the two desks have.
    """
    broker = Broker(stream_configs(firm.TOPOLOGY), asyncio.get_running_loop().time)
    wrong: list[str] = []
    replicas = [Process(number, broker, Random(number), Faults(), wrong) for number in (1, 2)]
    for each in replicas:
        await each.start(snapshot_every=1, retention=timedelta(0))
    await _until(lambda: broker.seen["snapshot"] > 0)
    for _ in range(4):
        await _change_over(broker, *sorted(replicas, key=_leads))
    assert not wrong
    followers = [each.replica._follower for each in replicas]
    used = sum(len(each.state.agents) for each in followers if each is not None)
    gc.collect()
    return len(_agents()), used


def _agents() -> list[Agent]:
    gc.unfreeze()  # `get_objects` does not look at what is frozen
    return [each for each in gc.get_objects() if isinstance(each, Agent)]


async def _change_over(broker: Broker, waits: Process, leads: Process) -> None:
    followed = leads.replica._follower
    broker.receive("$KV.LEASES.support", "", b"", {"KV-Operation": "DEL"})
    await _until(lambda: _leads(waits))
    await _until(lambda: not _leads(leads) and leads.replica._follower is not followed)


def _leads(process: Process) -> bool:
    return process.replica.leader is not None


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.1)


def test_two_replicas_keep_two_desks_in_memory_however_often_they_take_the_desk_from_each_other() -> None:
    gc.collect()
    others = _agents()  # of tests that ran before, in the same process
    before = gc.get_threshold()
    gc.set_threshold(1 << 30)  # garbage is looked for now and then: here, not before the next snapshot is read
    try:
        kept, used = run_virtually(_lead_by_turns())
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
    assert kept - len(others) == used == 2 * len(firm.DESK.agents)
