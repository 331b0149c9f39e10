"""Trouble that a desk seldom runs into, and that is sure to come where it is asked for.

Some bugs show only behind the one rare thing that goes wrong at the wrong moment. To draw seeds until it
comes takes many, and other ones whenever the dice fall otherwise.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.simulation.desk.truth import Truth

if TYPE_CHECKING:
    from tests.simulation.desk.process import Process
    from tests.simulation.desk.scenario import Scenario

LOG = "DESK_support"
_LEADS_WITHIN = 10.0
_STANDS_STILL_FOR = 10.0
"""Virtual seconds at most, both."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """`happens` once, among whatever else a seed draws; the rest is what it takes to matter."""

    happens: Callable[["Scenario"], Coroutine[Any, Any, None]]
    snapshots_every: int = 10
    retention: timedelta | None = None


async def lose_end(run: "Scenario") -> None:
    """A power cut, of routers and server alike: what was acknowledged last is gone from the desk's log."""
    if _may_lose_end(run):
        run._note("end lost")
        await run._all_down(1.0, lambda: _cut_end(run))


async def lose_end_under_the_living(run: "Scenario") -> None:
    """A power cut of the server alone: the routers live on, with what they know."""

    def lose() -> None:
        for client in run._all_clients():
            client.cut()  # one that came back meanwhile from a trouble of its own: no connection outlives its server
        _cut_end(run)

    if _may_lose_end(run):
        run._note("end lost under the living")
        await run._be_away(lose)


async def overtake(run: "Scenario") -> None:
    """A standby stands still until the log is purged up to beyond its place. Then it may lead."""
    for _ in range(int(_LEADS_WITHIN / 0.2)):
        if run.leader() is not None:
            break
        await asyncio.sleep(0.2)
    behind = await _standby(run)
    await asyncio.sleep(1.0)
    behind.stop()
    for _ in range(int(_STANDS_STILL_FOR / 0.2)):
        if _is_overtaken(run, behind):
            run._note("overtaken by a purge")
            break
        run.channel.write()
        await asyncio.sleep(0.2)
    behind.go_on()
    await asyncio.sleep(0.5)
    run._free_lease()


async def _standby(run: "Scenario") -> "Process":
    leader = run.leader()
    there = [process for process in run._processes if process is not leader and process.alive and not process.stopped]
    return there[0] if there else await run._start()


def _is_overtaken(run: "Scenario", process: "Process") -> bool:
    first = min(run.broker.streams[LOG].records, default=0)
    follower = process.replica._follower
    return follower is not None and follower.fence.seq + 1 < first


def _may_lose_end(run: "Scenario") -> bool:
    stream = run.broker.streams[LOG]
    return stream.last >= 5 and min(stream.records, default=0) <= 1


def _cut_end(run: "Scenario") -> None:
    run.lost = True
    stream = run.broker.streams[LOG]
    run.broker.lose_end(LOG, run._random.randint(1, min(15, stream.last - 2)))
    run.broker.forget_ids()
    wrong = run.truth.wrong
    run.truth = Truth(run.limit)
    run.truth.wrong = wrong
    for record in stream.records.values():
        run.truth.admit(record)
    run.log_lost()
