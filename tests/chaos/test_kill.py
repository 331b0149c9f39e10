"""Any process may die at any instant, several at once: what was accepted is there, once, in its contact."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from frontline.runtime.bus import Bus
from tests.chaos.customers import CUSTOMERS, Customer, settings
from tests.chaos.found import contacts, decided, expected, waiting
from tests.chaos.ledger import Ledger
from tests.e2e.running import Running, children, frontline, until

ROUNDS = 10
AT_ONCE = 3
"""Customers of a channel."""
BETWEEN = 4
"""Messages that each channel accepts between two rounds, so that every kill meets all of them at work."""
SERVER = "nats-server"
SEED = int(os.environ.get("FRONTLINE_SEED", "1"))


@pytest.mark.timeout(400)
async def test_kill_9_of_any_process_loses_and_doubles_nothing_on_four_channels_at_once(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    ledger = Ledger(random.Random(SEED + 1))
    killed: Counter[str] = Counter()
    async with frontline(tmp_path / "data", **settings(tmp_path)) as running:
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for channel, customer in CUSTOMERS.items():
                numbers = count()
                for _ in range(AT_ONCE):
                    tasks.create_task(_one_after_the_other(customer, running, ledger, numbers, over), name=channel)
            for victims in _rounds(chance, sorted(children(running))):
                await _all_at_work(ledger)
                await asyncio.sleep(chance.uniform(0, 0.3))  # any instant will do
                killed.update(victims)
                await _kill(running, victims)
            await _all_at_work(ledger)
            over.set()
        _tell(ledger, killed)
        async with _bus(running) as bus:
            await until(partial(_none_left, bus), seconds=60)
            wanted = expected(ledger)
            began = time.monotonic()
            found = await contacts(running)
            while found != wanted and time.monotonic() < began + 60:  # the index follows the log
                found = await contacts(running)
            assert found - wanted == Counter(), "said twice, or where it does not belong"
            assert wanted - found == Counter(), "accepted and lost"
            assert await decided(bus) == sum(map(len, ledger.said.values())), "each is decided upon once"
        assert (await running.get("/api/parked"))["items"] == []


def _rounds(chance: random.Random, names: list[str]) -> list[list[str]]:
    """Who is killed at one time: everybody once at least, the server in every third round, often several."""
    rounds = [[name] for name in names]
    while len(rounds) < ROUNDS:
        several = chance.sample(names, chance.choice((1, 2, 3)))
        rounds.append([SERVER, *(name for name in several if name != SERVER)] if len(rounds) % 2 else several)
    chance.shuffle(rounds)
    return rounds


async def _one_after_the_other(
    customer: Customer, running: Running, ledger: Ledger, numbers: "count[int]", over: asyncio.Event
) -> None:
    while not over.is_set():
        await customer(running, ledger, next(numbers))


async def _all_at_work(ledger: Ledger) -> None:
    """Return once every channel has accepted a few more."""
    goal = {channel: ledger.accepted[channel] + BETWEEN for channel in CUSTOMERS}

    async def reached() -> bool:
        return all(ledger.accepted[channel] >= least for channel, least in goal.items())

    await until(reached, seconds=90)


async def _kill(running: Running, victims: list[str]) -> None:
    """All of them at one time; returns when there are others in their places."""
    alive = children(running)
    for name in victims:
        os.kill(alive[name], signal.SIGKILL)

    async def back() -> bool:
        return all(children(running).get(name, alive[name]) != alive[name] for name in victims)

    await until(back, seconds=90)


@asynccontextmanager
async def _bus(running: Running) -> AsyncIterator[Bus]:
    bus = Bus(name="ledger", ack_deadline=5.0)
    await bus.connect(running.up["nats"])
    try:
        yield bus
    finally:
        await bus.close()


async def _none_left(bus: Bus) -> bool:
    return await waiting(bus, list(CUSTOMERS)) == 0


def _tell(ledger: Ledger, killed: Counter[str]) -> None:
    print(f"seed {SEED}: killed {dict(killed)}")
    for what in ("accepted", "repeated", "put_off", "cut_off"):
        print(f"  {what.replace('_', ' ')}: {dict(getattr(ledger, what))}")
