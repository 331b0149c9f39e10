"""The end of a desk's loop: whoever goes on with its state has to have what the log says."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

from router.core.advance import replay
from router.core.command import ApplySettings, SetAvailability
from router.core.commit import EpochRecord
from router.core.state import DeskState
from router.desk.fence import Counted, Fence
from router.desk.log import LogWriter, announce
from router.desk.loop import DeskLoop, Work
from router.desk.settings import desk_settings
from tests.simulation.desk.firm import CONFIGURATION, DESK
from tests.simulation.faults import Faults
from tests.simulation.simulated_log import SimulatedLog, SimulatedLogStore
from tests.simulation.virtual_loop import run_virtually
from tests.unit.router_core.fingerprint import fingerprint

AT = datetime(2030, 1, 1, tzinfo=UTC)
SLOW = Faults(latency=1.0, deadline=10.0)
"""Half a second, each way, at the least."""


def test_what_comes_due_while_the_end_is_awaited_is_left_to_the_next_epoch() -> None:
    """Seed 100260 of two desks: a breach was decided in the state that the next epoch went on with, and stood in no log."""

    async def scenario() -> None:
        log = SimulatedLog()
        store = SimulatedLogStore(log, Random(0), SLOW)
        fence = Fence()
        await announce(store, EpochRecord(leader="replica-1", at=AT))
        async for stored in store.read(0):
            fence.admit(stored)
        began = asyncio.get_running_loop().time()

        def clock() -> datetime:
            return AT + timedelta(seconds=asyncio.get_running_loop().time() - began)

        writer = LogWriter(store, fence)
        desk = DeskLoop(DeskState(DESK.id), writer, clock)
        running = [asyncio.create_task(writer.run()), asyncio.create_task(desk.run())]
        await desk.submit(Work(ApplySettings(settings=desk_settings(CONFIGURATION, DESK)), cause="start"))
        soon = clock() + timedelta(milliseconds=100)
        away = SetAvailability(agent=DESK.agents[0].id, state="away", until=soon)
        await desk.submit(Work(away, cause="away"))
        await desk.finish()
        assert clock() > soon, "the log was slow enough"
        said = DeskState(DESK.id)
        reader = Fence()
        for stored in log.records:
            if isinstance(record := reader.admit(stored), Counted):
                replay(said, record.commit)
        assert fingerprint(desk.state) == fingerprint(said)
        assert writer.waiting == 0
        for task in running:
            task.cancel()

    run_virtually(scenario())
