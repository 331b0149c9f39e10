"""Trouble that a desk seldom runs into, and that is sure to come where it is asked for.

Some bugs show only behind the one rare thing that goes wrong at the wrong moment. To draw seeds until it
comes takes many, and other ones whenever the dice fall otherwise.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.simulation.desk.broker import StoredStream
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
    """A power cut, of routers and server alike: what was acknowledged last is gone from a log, or from several."""
    if _may_lose(run):
        run._note("end lost")
        await run._all_down(1.0, lambda: _cut_ends(run))


async def lose_end_under_the_living(run: "Scenario") -> None:
    """A power cut of the server alone: the routers live on, with what they know."""

    def lose() -> None:
        for client in run._all_clients():
            client.cut()  # one that came back meanwhile from a trouble of its own: no connection outlives its server
        _cut_ends(run)

    if _may_lose(run):
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


def _may_lose(run: "Scenario") -> list[str]:
    """The logs of which enough is there."""
    streams = [run.broker.streams[name] for name in run.logs()]
    return [stream.name for stream in streams if stream.last >= 5 and min(stream.records, default=0) <= 1]


def _cut_ends(run: "Scenario") -> None:
    there = _may_lose(run)
    names = run._random.sample(there, run._random.randint(1, len(there))) if len(there) > 1 else there
    for name in names:
        stream = run.broker.streams[name]
        last = stream.last - run._random.randint(1, min(15, stream.last - 2))
        run.broker.lose_end(name, stream.last - last)
        run.log_lost(name)
    run.broker.forget_ids()
    run._forget()


def what_counts(truth: Truth, stream: StoredStream) -> Truth:
    """What is left of the log is all there is."""
    anew = Truth(truth._limit, truth.state.desk)
    anew.wrong = truth.wrong
    for record in stream.records.values():
        anew.admit(record)
    return anew
