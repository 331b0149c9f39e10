"""One desk of a run with two of them, as those around it and its promises look at it."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING

import msgspec

from frontline.configuration.model import Desk
from frontline.contract.ids import AgentId, MessageId
from frontline.runtime.bus import Bus
from router.core.command import DeskCommand, TransferContact
from router.core.contact import RESOLVED, TRANSFERRING
from router.core.overlay import Position
from router.desk.effects import Place
from router.desk.follower import Follower
from router.desk.leader import Leader
from tests.simulation.desk.acts import Acts
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.clerk import Clerk
from tests.simulation.desk.firm_of_two import DESKS
from tests.simulation.desk.people import Channel, Colleague
from tests.simulation.desk.process import Process
from tests.simulation.desk.router import Router
from tests.simulation.desk.shown import Shown
from tests.simulation.desk.truth import Truth

if TYPE_CHECKING:
    from tests.simulation.desk.two_desks import TwoDesks


class Side:
    lost = False
    """Whether its log has lost its end."""

    def __init__(self, run: "TwoDesks", desk: Desk) -> None:
        self.desk = desk.id
        self.truth = Truth(run.limit, desk.id)
        self.truth.wrong = run.wrong
        self._run = run
        self._agents = desk
        self.colleagues: list[Colleague] = []
        self._settled = (0, 0)

    def employ(self, random: Callable[[], Random]) -> list["asyncio.Task[None]"]:
        self.colleagues = [Member(self, agent.id, random(), self._agents) for agent in self._agents.agents]
        working = [asyncio.create_task(colleague.work()) for colleague in self.colleagues]
        self.operator = Colleague(self, AgentId("operator"), random(), self._agents)
        self.colleagues.append(self.operator)
        return working

    def employ_clerk(self, acts: Acts, shown: Shown | None) -> "asyncio.Task[None]":
        clerk = Clerk(self, acts, shown, Random(acts.random.random()), self._agents)
        clerk.desks = DESKS
        self.colleagues.append(clerk)
        return asyncio.create_task(clerk.work())

    @property
    def at_peace(self) -> Position:
        """What was decided behind that may not have come to anything yet."""
        return self._settled

    # As people see it.

    @property
    def over(self) -> asyncio.Event:
        return self._run.over

    @property
    def up(self) -> asyncio.Event:
        return self._run.up

    def process(self) -> Process | None:
        return self._run.process()

    def now(self) -> datetime:
        return self._run.now()

    # As its promises do.

    @property
    def broker(self) -> Broker:
        return self._run.broker

    @property
    def channel(self) -> Channel:
        return self._run.channel

    @property
    def limit(self) -> int:
        return self._run.limit

    @property
    def waived(self) -> Collection[MessageId]:
        return self._run.waived

    @property
    def forgot(self) -> bool:
        return self._run.forgot

    def led(self) -> tuple[Bus, Leader] | None:
        router = self.leader()
        leader = None if router is None else router.replicas[self.desk].leader
        return None if router is None or leader is None else (router.bus, leader)

    def leader(self) -> Router | None:
        for router in self._run.routers():
            leader = router.replicas[self.desk].leader
            if leader is not None and leader._writer.epoch == self.truth.fence.epoch:
                return router
        return None

    def leads_as_configured(self) -> bool:
        """Whether somebody leads, by the configuration that is in force in that process."""
        router, led = self.leader(), self.led()
        return router is not None and led is not None and led[1]._desk is router.configured.desk(self.desk)

    def standing_by(self) -> list[Follower]:
        there = [router.replicas[self.desk] for router in self._run.routers()]
        return [each._follower for each in there if each.leader is None and each._follower is not None]

    def settled(self) -> None:
        self._settled = (self.truth.state.epoch, self.truth.state.index)

    def is_late(self, event: str) -> bool:
        _, epoch, index, _ = event.split(".")
        return (int(epoch), int(index)) > self._settled

    def effects_at(self) -> int:
        stream = self.broker.streams["KV_PROGRESS"]
        seq = stream.last_of(f"$KV.PROGRESS.effects.{self.desk}")
        return msgspec.json.decode(stream.records[seq].data, type=Place).seq if seq else 0


class Member(Colleague):
    """An agent who gives contacts to the other desk, and takes some back before it has answered."""

    def _choose(self) -> DeskCommand | None:
        random, state = self._random, self._world.truth.state
        if self.agent in state.agents and random.random() < 0.2:
            there = [contact for contact in state.contacts.values() if contact.phase != RESOLVED]
            mine = [contact for contact in there if contact.agent == self.agent]
            leaving = [contact for contact in there if contact.phase == TRANSFERRING]
            if leaving and random.random() < 0.3:
                return TransferContact(contact=random.choice(leaving).id, agent=self.agent, to=self.agent)
            if found := (mine or there):
                other = next(desk for desk in DESKS if desk != self._desk.id)
                return TransferContact(contact=random.choice(found).id, agent=self.agent, desk=other)
        return super()._choose()
