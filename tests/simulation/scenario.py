"""One run of the simulation: replicas that lead, fail and come back, as a seed says, then peace."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from router.desk.log import Deposed
from tests.simulation import promises
from tests.simulation.faults import draw
from tests.simulation.ledger import Ledger, Written
from tests.simulation.replica import Parts, Replica
from tests.simulation.simulated_log import LOG, SimulatedLog, SimulatedLogStore
from tests.simulation.virtual_loop import run_virtually

BAD_DAYS = 3.0
"""Virtual seconds for which things go wrong."""
PATIENCE = 60.0
"""Virtual seconds within which everything has to be settled once nothing goes wrong any more."""


AS_BUILT = Parts()


class Broken(AssertionError):
    """A promise did not hold; the message has the seed."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one seed came to. `trace` is the whole log and all reports: equal for equal seeds."""

    seed: int
    seen: Counter[str]
    trace: tuple[object, ...]


def simulate(seed: int, parts: Parts = AS_BUILT) -> Run:
    """Run `seed`. Raises `Broken`."""
    try:
        return run_virtually(_Scenario(seed, parts).run())
    except Exception as error:
        raise Broken(f"FRONTLINE_SEED={seed}: {error}") from error


class _Scenario:
    def __init__(self, seed: int, parts: Parts) -> None:
        self._seed = seed
        self._parts = parts
        self._random = Random(seed)
        self._faults = draw(self._random)
        self._replicas: list[Replica] = []
        self._count = 0

    async def run(self) -> Run:
        self._log = SimulatedLog()
        self._ledger = Ledger(self._log)
        for _ in range(self._random.choice((1, 2, 3))):
            self._start()
        self._replicas[0].lead()
        witness = promises.Witness(SimulatedLogStore(self._log, Random(self._seed), self._faults), self._parts.fence)
        watching = asyncio.create_task(witness.run())
        await self._go_wrong()
        await self._make_peace()
        await self._settle()
        await witness.reach(self._log.last)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        promises.check(self._log, self._ledger, witness, self._parts.fence)
        promises.check_pace(self._ledger, self._replicas, asyncio.get_running_loop().time())
        for replica in self._replicas:
            await replica.crash()
        seen = self._log.seen + Counter(commits=len(self._ledger.reports))
        reports = [(w.writer, w.epoch, w.index, w.seq) for w in self._ledger.reports]
        return Run(self._seed, seen, (*self._log.records, *reports))

    def _start(self) -> Replica:
        self._count += 1
        random = Random(self._random.random())
        store = SimulatedLogStore(self._log, random, self._faults, distance=random.choice((0.1, 1, 1, 10)))
        replica = Replica(self._count, store, self._ledger, random, self._parts)
        self._replicas.append(replica)
        return replica

    async def _go_wrong(self) -> None:
        random = self._random
        happenings = random.choices(
            (self._compete, self._crash, self._freeze, self._cut, self._fill, self._intrude, self._replace_appender),
            k=random.randint(0, 12),
        )
        loop = asyncio.get_running_loop()
        times = sorted(random.uniform(0, BAD_DAYS) for _ in happenings)
        for at, happening in zip(times, happenings, strict=True):
            await asyncio.sleep(at - loop.time())
            await happening(random.choice(self._replicas))
        await asyncio.sleep(BAD_DAYS - loop.time())

    async def _compete(self, replica: Replica) -> None:
        replica.lead()
        self._log.seen["competitor"] += 1

    async def _crash(self, replica: Replica) -> None:
        self._replicas.remove(replica)
        await replica.crash()
        self._log.seen["crash"] += 1
        self._start().lead()

    async def _freeze(self, replica: Replica) -> None:
        replica.store.freeze()
        asyncio.get_running_loop().call_later(self._random.uniform(0.01, 2), replica.store.thaw)
        if self._random.random() < 0.8:
            self._random.choice(self._replicas).lead()

    async def _cut(self, replica: Replica) -> None:
        replica.store.cut()
        asyncio.get_running_loop().call_later(self._random.uniform(0.01, 1), replica.store.mend)

    async def _fill(self, _: Replica) -> None:
        self._log.full = True
        asyncio.get_running_loop().call_later(self._random.uniform(0.01, 2), self._make_room)

    async def _intrude(self, _: Replica) -> None:
        """Old commits, of a deposed leader or late copies, fall just where the next one was to stand:
        what happens with a full pipeline of blind guesses behind a lost record.
        """
        written = self._ledger.written
        for _old in range(self._random.randint(1, 20)):
            if written and not self._log.full:
                self._log.store(LOG, self._random.choice(written).data, None)
                self._log.seen["intruder"] += 1
            await asyncio.sleep(self._faults.latency * self._random.uniform(0, 2))

    async def _replace_appender(self, replica: Replica) -> None:
        for _ in range(self._random.randint(1, 10)):
            replica.replace_appender()
            await asyncio.sleep(self._faults.latency * self._random.uniform(0, 3))

    def _make_room(self) -> None:
        self._log.full = False

    async def _make_peace(self) -> None:
        """No more faults. One epoch more in half of the runs; at least one leader in all."""
        self._faults.calm()
        self._make_room()
        for replica in self._replicas:
            replica.store.thaw()
            replica.store.mend()
            replica.quiet.set()
        if self._random.random() < 0.5 or not any(replica.wants_or_leads for replica in self._replicas):
            self._random.choice(self._replicas).lead()
        await asyncio.sleep(5 * self._faults.deadline)  # until what still travels has arrived

    async def _settle(self) -> None:
        """All that was handed over is settled. Then everybody who believes that they lead writes once
        more, and so learns where they stand.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                while not await self._one_leads():
                    pass
        except TimeoutError:
            owed = sum(replica.writer.waiting for replica in self._replicas if replica.writer)
            raise AssertionError(f"no progress: {owed} commits neither counted nor deposed") from None

    async def _one_leads(self) -> bool:
        for replica in self._replicas:
            await replica.rest()
        if not any(replica.writer for replica in self._replicas):
            self._random.choice(self._replicas).lead()
            return False
        last: list[Written] = []
        for replica in self._replicas:
            if replica.writer:
                with suppress(Deposed):
                    last.append(await replica.append_one(replica.writer))
        for replica in self._replicas:
            await replica.rest()
        return sum(entry.seq is not None for entry in last) == 1
