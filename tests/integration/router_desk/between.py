"""Two desks on one bus, each led by a replica in the test's own process that may be killed at any instruction."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry

from frontline.configuration.model import Agent, Configuration, Desk, Inbox
from frontline.configuration.policy import Policy
from frontline.contract.error import Unavailable
from frontline.contract.ids import AgentId, ContactId, DeskId, InboxId
from frontline.runtime.bus import Bus
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import provision, topology
from frontline.testing.nats_server import SMALL
from router.core.command import DeskCommand, TransferContact
from router.core.event import DeskDecision
from router.core.refusal import Refused
from router.core.state import DeskState
from router.desk.command_port import CommandReply, CommandRequest, ask
from router.desk.configured import Configured
from router.desk.fence import Counted, Fence
from router.desk.figures import RouterFigures
from router.desk.holders import Holders
from router.desk.log_store import StreamLogStore
from router.desk.replica import Replica
from router.desk.surroundings import Surroundings
from tests.integration.router_desk.desk import EMAIL, SIGNER, parking, until

SUPPORT, SALES = DeskId("support"), DeskId("sales")
ANN, BOB = AgentId("ann"), AgentId("bob")

CONFIGURATION = Configuration(
    version=1,
    desks=tuple(
        Desk(
            id=desk,
            agents=(Agent(id=agent, name=agent, available=True, phone=phone),),
            inboxes=(
                Inbox(channel=EMAIL, id=InboxId(desk), address=f"{desk}@frontline.example"),
                Inbox(channel=EMAIL, id=InboxId(f"{desk}-live"), address=f"{desk}-live@frontline.example", offer=True),
            ),
        )
        for desk, agent, phone in ((SUPPORT, ANN, "+12025550101"), (SALES, BOB, "+12025550102"))
    ),
    policies=(Policy(id="standard", first_response=timedelta(hours=4)),),
)


class Desks:
    """`async with`: both run. `kill` ends a leader without a word, `lead` begins another one."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.replicas: dict[DeskId, Replica] = {}
        self._running: dict[DeskId, tuple[asyncio.Task[None], asyncio.Event]] = {}
        self._count = 0
        self.registry = CollectorRegistry()
        self._figures = RouterFigures(self.registry)

    async def __aenter__(self) -> Self:
        await provision(self.bus.nc.jetstream(), topology([EMAIL], [SUPPORT, SALES], SMALL))
        self.lead(SUPPORT)
        self.lead(SALES)
        await until(lambda: all(replica.leads for replica in self.replicas.values()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, stopping in self._running.values():
            stopping.set()
        await asyncio.gather(*(task for task, _ in self._running.values()))

    def lead(self, desk: DeskId) -> None:
        stopping = asyncio.Event()
        replica = self.replicas[desk] = self.standby(desk)
        self._running[desk] = asyncio.create_task(replica.run(stopping)), stopping

    def standby(self, desk: DeskId) -> Replica:
        """Another one, that nobody runs yet."""
        self._count += 1
        configured = next(each for each in CONFIGURATION.desks if each.id == desk)
        return Replica(configured, f"replica-{self._count}", self._surroundings())

    async def kill(self, desk: DeskId) -> None:
        """At whatever instruction each of its tasks stands."""
        task, _ = self._running.pop(desk)
        del self.replicas[desk]
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    def state(self, desk: DeskId) -> DeskState:
        leader = self.replicas[desk].leader
        assert leader is not None
        return leader.loop.state

    def has(self, desk: DeskId, contact: ContactId) -> bool:
        replica = self.replicas.get(desk)
        leader = None if replica is None else replica.leader
        return leader is not None and contact in leader.loop.state.contacts

    async def ask(self, desk: DeskId, command: DeskCommand) -> CommandReply:
        return await ask(self.bus, desk, self.replicas[desk].epoch, CommandRequest(command=command))

    async def give(self, contact: ContactId, to: DeskId = SALES) -> None:
        """As often as it takes: the desk may be without a leader. What was decided the first time stays so."""
        at, agent = (SUPPORT, ANN) if to == SALES else (SALES, BOB)
        while True:
            try:
                await self.ask(at, TransferContact(contact=contact, agent=agent, desk=to))
            except Refused as refused:
                assert refused.conflict == "elsewhere"
            except Unavailable:
                await asyncio.sleep(0.05)
                continue
            return

    async def decided(self, desk: DeskId) -> list[DeskDecision]:
        """What counts in the desk's log, read afresh once all counts that `has` and `state` have shown."""
        replica = self.replicas.get(desk)
        if replica is not None and replica.leader is not None:
            await replica.leader.loop.counted()
        fence = Fence()
        found: list[DeskDecision] = []
        async for stored in StreamLogStore(self.bus, desk).read(0):
            record = fence.admit(stored)
            if isinstance(record, Counted):
                found += record.commit.events
        return found

    def heard(self, desk: DeskId, what: str, outcome: str) -> float:
        """How much of it the desk has heard from others, and what became of it."""
        labels = {"desk": desk, "what": what, "outcome": outcome}
        return self.registry.get_sample_value("frontline_desk_heard_from_desks_total", labels) or 0.0

    def holders(self) -> Holders:
        return Holders(self.replicas, self._figures, logger("test"))

    def _surroundings(self) -> Surroundings:
        holders = self.holders()
        return Surroundings(
            bus=self.bus,
            signer=SIGNER,
            configured=Configured(CONFIGURATION, None, logger("test"), self._figures),
            wall=lambda: datetime.now(UTC),
            log=logger("test"),
            park=parking(self.bus),
            figures=self._figures,
            lease_seconds=1.0,
            holders_of=holders.find,
            decided=holders,
            neighbours=self.replicas,
        )
