"""Two desks that share a channel, each led by a process of its own that may die, and one inbox that moves."""

import asyncio
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from frontline.configuration.model import Agent, Configuration, Desk, Inbox
from frontline.configuration.policy import Policy
from frontline.contract.error import Unavailable
from frontline.contract.ids import AgentId, ChannelName, DeskId, InboxId, MessageId
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import provision, topology
from frontline.testing.nats_server import SMALL
from router.core.event import DeskDecision
from router.desk.applying import apply
from router.desk.configured import Configured
from router.desk.fence import Counted, Fence
from router.desk.figures import RouterFigures
from router.desk.log_store import StreamLogStore
from router.desk.replica import Replica
from router.desk.surroundings import Surroundings
from tests.integration.router_desk.desk import SIGNER, parking

EMAIL = ChannelName("email")
ONE, TWO = DeskId("one"), DeskId("two")
MOVING = InboxId("moving")


def configuration(version: int, moving: DeskId | None) -> Configuration:
    """Each desk has an inbox of its name; `moving` says who has the other one."""

    def desk(id_: DeskId) -> Desk:
        ids = [InboxId(id_)] + ([MOVING] if moving == id_ else [])
        inboxes = tuple(Inbox(channel=EMAIL, id=each, address=f"{each}@frontline.example") for each in ids)
        return Desk(id=id_, agents=(Agent(id=AgentId(f"agent-{id_}"), name="Demo agent"),), inboxes=inboxes)

    policies = (Policy(id="standard", first_response=timedelta(hours=4)),)
    return Configuration(version=version, desks=(desk(ONE), desk(TWO)), policies=policies)


@dataclass(slots=True)
class File:
    """What the routers' files say."""

    content: Configuration

    async def read(self) -> Configuration:
        return self.content


class Router:
    """A process for one desk. It knows both, as every router does."""

    def __init__(self, server: EmbeddedServer, desk: DeskId, file: File) -> None:
        self.desk = desk
        self._server = server
        self._file = file
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> "Router":
        self.bus = Bus(name=f"router-{self.desk}")
        await self.bus.connect(self._server.url, token=self._server.token)
        figures, log = RouterFigures(CollectorRegistry()), logger("test")
        self.configured = Configured(self._file.content, self._file.read, log, figures)
        surroundings = Surroundings(
            bus=self.bus,
            signer=SIGNER,
            configured=self.configured,
            wall=lambda: datetime.now(UTC),
            log=log,
            park=parking(self.bus),
            figures=figures,
            lease_seconds=0.6,
        )
        desk = self.configured.desk(self.desk)
        assert desk is not None
        self.replica = Replica(desk, f"router-{self.desk}", surroundings)
        self._tasks = [
            asyncio.create_task(self.replica.run(self._stopping)),
            asyncio.create_task(self.configured.run()),
        ]
        return self

    async def kill(self) -> None:
        """End it as a machine ends that loses its power: the server hears nothing more of it."""
        with suppress(Exception):
            await self.bus.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def halt(self) -> None:
        self._stopping.set()
        await self._tasks[0]
        self._tasks[1].cancel()
        await self.bus.close()


async def provisioned_for_two(bus: Bus) -> None:
    await provision(bus.nc.jetstream(), topology([EMAIL], [ONE, TWO], SMALL))


async def apply_everywhere(bus: Bus, wanted: Configuration) -> None:
    """As somebody who goes on until every desk has it, whoever leads and dies meanwhile."""
    while True:
        with suppress(Unavailable):
            answers = await apply(bus, wanted)
            if all(not why or f"Version {wanted.version} is in force" in why for _, why in answers):
                return
        await asyncio.sleep(0.05)


async def told(bus: Bus, desk: DeskId) -> list[tuple[int, datetime, DeskDecision]]:
    """Everything that counts, with the order in which it was stored and when."""
    fence = Fence()
    found = []
    async with aclosing(StreamLogStore(bus, desk).read(0)) as records:
        async for stored in records:
            if isinstance(record := fence.admit(stored), Counted):
                found += [(stored.seq, stored.at, event) for event in record.commit.events]
    return found


@dataclass(slots=True)
class Sent:
    """What was accepted, by its message id."""

    messages: dict[MessageId, InboxId] = field(default_factory=dict)
