"""One run of the simulated desk: routers that lead, fail and come back, as a seed says, then peace."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Coroutine
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import msgspec

from frontline.configuration.model import Configuration
from frontline.contract.ids import AgentId, MessageId
from frontline.runtime.bus import Bus
from frontline.runtime.reader import Stored
from frontline.runtime.topology import stream_configs
from router.core.command import ApplySettings
from router.desk.effects import Place
from router.desk.follower import Follower
from router.desk.leader import Leader
from router.desk.settings import desk_settings
from tests.simulation.desk import firm, promises
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.client import SimulatedClient, bus_to
from tests.simulation.desk.lost_end import lost_commits, waived
from tests.simulation.desk.people import Channel, Colleague
from tests.simulation.desk.process import Process
from tests.simulation.desk.small import small
from tests.simulation.desk.trouble import LOG, Trouble, lose_end, lose_end_under_the_living, what_counts
from tests.simulation.desk.truth import Truth
from tests.simulation.faults import draw
from tests.simulation.scenario import Broken
from tests.simulation.virtual_loop import run_virtually

BAD_DAYS = 12.0
"""Virtual seconds for which things go wrong."""
PATIENCE = 240.0
"""Virtual seconds within which everything has to be settled once nothing goes wrong any more."""
HOUR = 3600.0
QUIET = (0.0, 0.0, 3.0, 8.0)
"""Virtual seconds for which the desk then runs on, undisturbed."""
Happening = Callable[[], Coroutine[Any, Any, None]]
SNAPSHOTS_EVERY = (10, 30, 1_000)


@dataclass(frozen=True, slots=True)
class Run:
    """What one seed came to. `digest` is of all that was ever stored in the log, and when: equal for equal seeds."""

    seed: int
    seen: Counter[str]
    digest: str


def simulate(
    seed: int, trouble: Trouble | None = None, kind: "Callable[[int, Trouble | None], Scenario] | None" = None
) -> Run:
    """Run `seed`, with `trouble` on top of what it draws. Raises `Broken`."""
    scenario = (kind or Scenario)(seed, trouble)
    try:
        with small(scenario.limit):
            return run_virtually(scenario.run())
    except Exception as error:
        said = scenario.wrong[0] if scenario.wrong else f"{type(error).__name__}: {error}"
        raise Broken(f"FRONTLINE_SEED={seed}: {said}") from error


class Scenario:
    desk = firm.SUPPORT
    topology = firm.TOPOLOGY

    def __init__(self, seed: int, trouble: Trouble | None = None) -> None:
        self._seed = seed
        self._trouble = trouble
        self._random = Random(seed)
        self._faults = draw(self._random)
        if self._random.random() < 0.3:
            self._faults.doubled = 0.05
        self.limit = self._random.choice((3, 12, 500, 500))
        self.truth = Truth(self.limit)
        self.wrong = self.truth.wrong
        self._processes: list[Process] = []
        self._numbers = 0
        self._version = firm.CONFIGURATION.version
        self._every = self._random.choice(SNAPSHOTS_EVERY)
        self._retention = self._random.choice((None, timedelta(0), timedelta(seconds=5)))
        if trouble is not None:
            self._every, self._retention = trouble.snapshots_every, trouble.retention
        self.forgettings = 0
        self.lost = False
        self.waived: set[MessageId] = set()
        """What a lost end has taken with it."""
        self._trace = hashlib.sha256()

    # What people can see.

    def now(self) -> datetime:
        return self.broker.now()

    def process(self) -> Process | None:
        there = [process for process in self._processes if process.alive and not process.stopped]
        return self._random.choice(there) if there else None

    # The run.

    async def run(self) -> Run:
        self.broker = Broker(stream_configs(self.topology), asyncio.get_running_loop().time)
        self.broker.on_stored = self._stored
        self.broker.behind = self._behind
        self.over = asyncio.Event()
        self.up = asyncio.Event()
        self.up.set()
        client = SimulatedClient(self.broker, Random(self._random.random()), self._faults, 0)
        self._bus = await bus_to(client, ack_deadline=self._faults.deadline)
        self.channel = self._customers(Random(self._random.random()))
        self._clients = [client]
        for _ in range(self._random.choice((1, 2, 2, 3))):
            await self._start()
        await self._begin()
        working = self._employ()
        self._operating: list[asyncio.Task[None]] = []
        await self._go_wrong()
        await self._make_peace()
        await self._settle(working + self._operating)
        for truth in self._truths():
            truth.quiet_since = self.now()
        await asyncio.sleep(self._random.choice(QUIET))
        await self._check()
        for process in self._processes:
            await process.halt()
        self._check_ends()
        seen = Counter(self.broker.seen)
        for truth in self._truths():
            seen.update(commits=len(truth.log), epochs=truth.epochs, messages=len(truth.received))
            seen.update(type(event).__name__ for commit in truth.log for event in commit.events)
        return Run(self._seed, seen, self._trace.hexdigest())

    async def _begin(self) -> None:
        """Whoever else has to be there from the start."""

    def _customers(self, random: Random) -> Channel:
        return Channel(self, self._bus, random)

    def _employ(self) -> list["asyncio.Task[None]"]:
        """Those who work at the desk, and one who looks after it."""
        self.colleagues = [Colleague(self, agent.id, Random(self._random.random())) for agent in firm.DESK.agents]
        working = [asyncio.create_task(colleague.work()) for colleague in self.colleagues]
        self.operator = Colleague(self, AgentId("operator"), Random(self._random.random()))
        self.colleagues.append(self.operator)
        return working

    def _truths(self) -> list[Truth]:
        return [self.truth]

    async def _check(self) -> None:
        while self.effects_at() < self.truth.last_counted:  # it has decided something in this very moment
            await asyncio.sleep(0.05)
        self._settled = (self.truth.state.epoch, self.truth.state.index)
        await promises.check(self)

    def _check_ends(self) -> None:
        promises.check_ends(self)

    def _stored(self, stream: str, record: Stored) -> None:
        if stream == LOG:
            self._trace.update(f"{record.seq} {record.at} ".encode() + record.data)
            self.truth.admit(record)
        elif stream == "OUTBOX":
            self.channel.deliver(record)
        if self.wrong:
            raise AssertionError(self.wrong[0])

    def _behind(self) -> int:
        if self._faults.stale and self._random.random() < self._faults.stale:
            self.broker.seen["stale read"] += 1
            return self._random.randint(1, 5)
        return 0

    async def _start(self) -> Process:
        self._numbers += 1
        process = self._process()
        self._processes.append(process)
        await process.start(snapshot_every=self._every, retention=self._retention)
        return process

    def _process(self) -> Process:
        return Process(self._numbers, self.broker, Random(self._random.random()), self._faults, self.wrong)

    # What goes wrong.

    def _kinds(self) -> dict[Happening, float]:
        """What may go wrong, and how often beside the rest."""
        return {
            self._crash: 4,
            self._crash_at_some_await: 6,
            self._stop: 3,
            self._cut: 3,
            self._stall: 3,
            self._be_away: 2,
            self._fill: 1,
            self._restart_server: 2,
            self._usurp: 3,
            self._be_down: 1,
            self._step_clock: 1,
            self._start_with_wrong_clock: 1,
            self._sleep_over_days: 0.4,
            **self._losses(),
        }

    def _losses(self) -> dict[Happening, float]:
        """Of what was acknowledged."""
        return {partial(lose_end, self): 0.4, partial(lose_end_under_the_living, self): 0.6}

    def _besides(self) -> list[Happening]:
        """What happens as well."""
        return []

    def logs(self) -> list[str]:
        """Those that may lose their ends."""
        return [LOG]

    @property
    def keeps_its_log(self) -> bool:
        """Nothing is purged from it."""
        return self._retention is None

    def log_lost(self, name: str) -> None:
        """What is left of this log is all there is."""
        before, self.lost = self.truth, True
        self.truth = what_counts(before, self.broker.streams[name])
        gone, accepted = lost_commits(before, self.truth), self.channel.sent.accepted
        self.waived |= waived(gone, accepted, self.broker, is_kept=self.keeps_its_log)

    async def _go_wrong(self) -> None:
        random, loop = self._random, asyncio.get_running_loop()
        kinds = self._kinds()
        happenings = random.choices(list(kinds), list(kinds.values()), k=random.randint(0, 6))
        happenings += [self._reconfigure] * random.choice((0, 0, 0, 1, 2))
        happenings += self._besides()
        if self._trouble is not None:
            happenings.append(partial(self._trouble.happens, self))
        writings = [self._write] * random.choice((3, 8, 15, 30)) + [self._chat] * random.choice((0, 3, 8))
        writings += [self._write_again] * random.choice((0, 2, 5))
        plan = sorted((random.uniform(0, BAD_DAYS), n) for n in range(len(happenings) + len(writings)))
        everything = [*happenings, *writings]
        later = 0.0
        for at, number in plan:
            await asyncio.sleep(max(0.0, at + later - loop.time()))
            before = loop.time()
            await everything[number]()
            later += loop.time() - before
        await asyncio.sleep(max(0.0, BAD_DAYS + later - loop.time()))

    async def _write(self) -> None:
        self.channel.write()

    async def _chat(self) -> None:
        self.channel.write(live=True)

    async def _write_again(self) -> None:
        self.channel.write_again(renamed=self._random.random() < 0.5)

    async def _crash(self) -> None:
        self._note("crash")
        await self._replace(self._random.choice(self._processes))

    async def _crash_at_some_await(self) -> None:
        process = self._random.choice(self._processes)
        process.client.blown = lambda: self._blown(process)
        process.client.fuse = self._random.choice((0, 1, 3, 10, 40))

    def _blown(self, process: Process) -> None:
        self._note("crash at an await")
        self._replacing = asyncio.get_running_loop().create_task(self._replace(process), context=Context())

    async def _replace(self, process: Process) -> None:
        if process not in self._processes:
            return
        self._processes.remove(process)
        await process.crash()
        await self._start()

    async def _stop(self) -> None:
        process = self._random.choice(self._processes)
        process.stop()
        self._note("stopped")
        asyncio.get_running_loop().call_later(self._random.uniform(0.1, 6), process.go_on)

    async def _cut(self) -> None:
        client = self._random.choice(self._all_clients())
        client.cut()
        asyncio.get_running_loop().call_later(self._random.uniform(0.01, 3), client.mend)

    async def _stall(self) -> None:
        client = self._random.choice(self._all_clients())
        client.stall()
        asyncio.get_running_loop().call_later(self._random.uniform(0.1, 5), client.flow)

    async def _be_away(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """The server is away for everybody."""
        self._note("server away")
        for client in self._all_clients():
            client.cut()
        await asyncio.sleep(self._random.uniform(0.1, 4))
        meanwhile()
        for client in self._all_clients():
            client.mend()

    async def _fill(self) -> None:
        stream = self.broker.streams[self._random.choice((LOG, LOG, "TRANSCRIPT", "OUTBOX"))]
        stream.full = True
        asyncio.get_running_loop().call_later(self._random.uniform(0.1, 3), setattr, stream, "full", False)

    async def _restart_server(self) -> None:
        self._note("server forgot ids")
        self._forget()
        self.broker.forget_ids()
        for client in self._all_clients():
            client.cut()
            client.mend()

    def _forget(self) -> None:
        self.forgettings += 1

    async def _usurp(self) -> None:
        """An operator deletes the lease: two lead, for a while."""
        self._note("usurped")
        self._free_lease()
        if len(self._processes) < 2:
            await self._start()

    def _free_lease(self) -> None:
        self.broker.receive("$KV.LEASES.support", "", b"", {"KV-Operation": "DEL"})

    async def _be_down(self) -> None:
        self._note("five minutes down")
        await self._all_down(300.0)

    async def _sleep_over_days(self) -> None:
        """Three days later the server has forgotten every message id, and not the desk its messages."""
        self._note("three days")
        await self._all_down(3 * 24 * HOUR, self._forget)
        for _ in range(3):
            self.channel.write_again(renamed=False)

    async def _all_down(self, seconds: float, meanwhile: Callable[[], None] = lambda: None) -> None:
        count = len(self._processes)
        self.up.clear()
        while self._processes:
            await self._processes.pop().crash()
        await asyncio.sleep(seconds)
        meanwhile()
        for _ in range(count):
            await self._start()
        self.up.set()

    async def _reconfigure(self) -> None:
        """An operator applies a changed configuration, while everything goes on."""
        self._version += 1
        changed = self._changed()
        settings = desk_settings(changed, changed.desks[0])
        asking = self.operator.ask(ApplySettings(settings=settings))
        self._operating.append(asyncio.get_running_loop().create_task(asking))

    def _changed(self) -> Configuration:
        return firm.changed(self._version, self._random)

    async def _step_clock(self) -> None:
        self._note("clock stepped")
        process = self._random.choice(self._processes)
        process.skew += self._random.choice((-30.0, 30.0, HOUR, -HOUR))

    async def _start_with_wrong_clock(self) -> None:
        """Such a one must never lead."""
        self._note("wrong clock")
        process = await self._start()
        process.skew = self._random.choice((HOUR, -HOUR, 2.0))
        self._free_lease()

    def _all_clients(self) -> list[SimulatedClient]:
        return [*self._clients, *(process.client for process in self._processes)]

    def _note(self, what: str) -> None:
        self.broker.seen[what] += 1

    # Peace.

    async def _make_peace(self) -> None:
        self._faults.calm()
        self.over.set()
        for stream in self.broker.streams.values():
            stream.full = False
        for process in self._processes:
            process.client.fuse = None
            process.skew = 0.0
            process.go_on()
            process.bus._ack_deadline = self._faults.deadline
        self._bus._ack_deadline = self._faults.deadline
        for client in self._all_clients():
            client.flow()
            client.mend()

    async def _settle(self, working: list["asyncio.Task[None]"]) -> None:
        """Every request is answered, every message decided, written and acknowledged, every effect done."""
        try:
            async with asyncio.timeout(PATIENCE):
                while self.channel.busy or not all(task.done() for task in working) or not self._quiet():
                    await asyncio.sleep(0.5)
        except TimeoutError:
            raise AssertionError(f"no progress: {self._owed(working)}") from None
        for task in working:
            task.result()

    def _quiet(self) -> bool:
        left = [name for name, stream in self.broker.streams.items() if name.startswith("INBOX_") and stream.records]
        return not left and self.effects_at() >= self.truth.last_counted and self.leader() is not None

    def _owed(self, working: list["asyncio.Task[None]"]) -> str:
        left = {
            name: len(stream.records)
            for name, stream in self.broker.streams.items()
            if name.startswith("INBOX_") and stream.records
        }
        idle = [not task.done() for task in working]
        return (
            f"inboxes {left}, agents {idle}, effects {self.effects_at()} of {self.truth.last_counted}, "
            f"leader {self.leader() is not None}, channel {self.channel.busy}"
        )

    # For the promises.

    @property
    def forgot(self) -> bool:
        return self.forgettings > 0

    def led(self) -> tuple[Bus, Leader] | None:
        process = self.leader()
        return None if process is None or process.replica.leader is None else (process.bus, process.replica.leader)

    def standing_by(self) -> list[Follower]:
        replicas = [process.replica for process in self._processes if process.replica.leader is None]
        return [replica._follower for replica in replicas if replica._follower is not None]

    def leader(self) -> Process | None:
        for process in self._processes:
            leader = process.replica.leader
            if leader is not None and leader._writer.epoch == self.truth.fence.epoch:
                return process
        return None

    def is_late(self, event: str) -> bool:
        _, epoch, index, _ = event.split(".")
        return (int(epoch), int(index)) > self._settled

    def effects_at(self) -> int:
        stream = self.broker.streams["KV_PROGRESS"]
        seq = stream.last_of("$KV.PROGRESS.effects.support")
        return msgspec.json.decode(stream.records[seq].data, type=Place).seq if seq else 0
