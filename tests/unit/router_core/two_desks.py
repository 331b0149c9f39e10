"""Desks that give each other contacts, and what lies between them: words that come once, twice or late."""

from datetime import timedelta

import msgspec

from frontline.contract.ids import AgentId, ChannelName, ContactId, DeskId, InboxId
from frontline.contract.message import ThreadEvidence
from router.core.command import ReceiveMessage, RecordDelivery, SentOn, SettleTransfer, TakeContact, TransferContact
from router.core.commit import Commit
from router.core.decide_between import considered
from router.core.desk_settings import AgentSettings, CalendarSettings, DeskSettings, InboxSettings, PolicySettings
from router.core.elsewhere import Elsewhere
from router.core.event import DeskDecision
from router.core.event_transfer import TransferBegun, TransferTaken
from router.core.parcel import Trail
from router.core.snapshot import restore, save
from router.core.trail import HOP_LIMIT
from tests.unit.router_core.driver import EMAIL, Desk
from tests.unit.router_core.fingerprint import fingerprint
from tests.unit.router_core.sla_desk import HOUR, target

CHAT = ChannelName("chat")
SITE = InboxId("site")
THREAD = [("thread", ThreadEvidence.REFERENCE)]


def desk(
    name: str,
    *agents: str | AgentSettings,
    policy: PolicySettings | None = None,
    calendars: tuple[CalendarSettings, ...] = (),
    inboxes: tuple[InboxSettings, ...] | None = None,
    patience: timedelta | None = timedelta(minutes=10),
) -> Desk:
    """One with an inbox and a policy of its own, both by its name."""
    policy = policy or PolicySettings(
        id=f"{name}-policy", version=3, calendar="always", targets=(target("first_response", HOUR),)
    )
    found = inboxes or (InboxSettings(channel=EMAIL, id=InboxId(name), policy=policy.id),)
    settings = DeskSettings(
        version=1,
        agents=tuple(
            AgentSettings(id=AgentId(agent), available=True) if isinstance(agent, str) else agent for agent in agents
        ),
        inboxes=found,
        policies=(policy,),
        calendars=calendars,
        transfer_within=patience,
    )
    return Desk(settings, name=name)


class Asked(msgspec.Struct, frozen=True):
    contact: ContactId
    home: DeskId
    moves: int
    trail: Trail


Word = tuple[DeskId, Asked | SettleTransfer | TakeContact]
"""To which desk, and what."""


class World:
    """`words` are under way. Whoever tests says which comes when; `settle` brings all of them in order."""

    def __init__(self, *desks: Desk) -> None:
        self.desks = {each.state.desk: each for each in desks}
        self.words: list[Word] = []
        self._read = {each.state.desk: 0 for each in desks}

    def give(self, contact: ContactId, by: str, desk: str) -> tuple[DeskDecision, ...]:
        """An agent gives a contact that their desk has to another."""
        at = self.holder(contact)
        assert at is not None
        return at.must(TransferContact(contact=contact, agent=AgentId(by), desk=DeskId(desk)))

    def listen(self) -> None:
        """What the desks' effects would send."""
        for name, each in self.desks.items():
            for commit in each.log[self._read[name] :]:
                self.words += self._said(name, commit)
            self._read[name] = len(each.log)

    def bring(self, word: Word) -> None:
        name, said = word
        here = self.desks[name]
        if isinstance(said, Asked):
            reason = considered(here.state, said.contact, said.moves, said.trail)
            answer = SettleTransfer(contact=said.contact, desk=name, taken=not reason, reason=reason)
            self.words.append((said.home, answer))
        else:
            here.must(said)

    def settle(self) -> None:
        self.listen()
        while self.words:
            self.bring(self.words.pop(0))
            self.listen()

    def hand(self, contact: ContactId, by: str, desk: str) -> None:
        """Give it, and let everything be said."""
        self.give(contact, by, desk)
        self.settle()

    def wait(self, **passes: float) -> None:
        for each in self.desks.values():
            each.wait(**passes)

    def holder(self, contact: ContactId) -> Desk | None:
        found = [each for each in self.desks.values() if contact in each.state.contacts]
        assert len(found) <= 1, f"contact {contact} is at {len(found)} desks"
        return found[0] if found else None

    def write(self, to: str, command: ReceiveMessage | RecordDelivery) -> list[str]:
        """Have a message come in at a desk, and be sent on as intakes do; gives where it has been."""
        been, home = [to], DeskId(to)
        while True:
            step = self.desks[DeskId(been[-1])].ask(command)
            if not isinstance(step.refused, Elsewhere):
                assert step.refused is None, step.refused
                return been
            assert len(been) < 6, f"the message goes round in circles: {been}"
            command = msgspec.structs.replace(command, sent_on=sent_on(command.sent_on, step.refused, home))
            been.append(step.refused.desk)

    def _said(self, name: DeskId, commit: Commit) -> list[Word]:
        said: list[Word] = []
        for event in commit.events:
            if isinstance(event, TransferBegun):
                said.append((event.desk, Asked(event.contact, name, event.moves, event.trail)))
            elif isinstance(event, TransferTaken):
                said.append((event.desk, TakeContact(parcel=event.parcel)))
        return said


def sent_on(before: SentOn | None, where: Elsewhere, home: DeskId) -> SentOn:
    hops = HOP_LIMIT if where.final else (before.hops if before else 0) + 1
    return SentOn(home=home, hops=hops, contact=where.contact, key=where.key, moves=where.moves)


def two(**more: object) -> tuple[Desk, Desk, World]:
    one, other = desk("a", "ann-a"), desk("b", "bob-b", **more)  # type: ignore[arg-type]
    return one, other, World(one, other)


def on_its_way(world: World, contact: ContactId) -> None:
    """Given to the other desk, which has said yes; the parcel has not come there yet."""
    world.give(contact, "ann-a", "b")
    world.listen()
    world.bring(world.words.pop(0))  # the other desk is asked
    world.bring(world.words.pop(0))  # and has said yes: this one lets go
    world.listen()


def opened(one: Desk, **more: object) -> ContactId:
    return one.opens("customer", binds=["thread"], inbox=InboxId("a"), **more)


def agree(*desks: Desk) -> None:
    for each in desks:
        assert each.agrees_with_its_log()
        assert fingerprint(restore(save(each.state))) == fingerprint(each.state)
