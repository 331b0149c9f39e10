"""Three desks that give each other contacts, whatever is said late, twice, or to another leader."""

from random import Random

import msgspec
import pytest

from frontline.contract.ids import AgentId, ContactId, DeskId, InboxId
from frontline.contract.message import ThreadEvidence
from router.core.command import TransferContact
from router.core.event import MessageReceived
from router.core.event_clock import ClockBreached, ClockMet, ClockStarted, ClockWarned
from router.core.event_transfer import ContactTaken, TransferTaken
from router.core.snapshot import restore, save
from tests.unit.router_core.driver import NOON, E
from tests.unit.router_core.sla_desk import HOUR
from tests.unit.router_core.two_desks import World, desk

NAMES = ("a", "b", "c")
CONTACTS = ("one", "two")

STEPS = 120
LIVES = 40


class Life:
    def __init__(self) -> None:
        self.world = World(*(desk(name, f"agent-{name}") for name in NAMES))
        first = self.world.desks[DeskId("a")]
        self.ids = {
            name: first.opens("customer", key=name, binds=[f"thread-{name}"], inbox=InboxId("a")) for name in CONTACTS
        }
        self.written = 0

    def live(self, dice: Random) -> None:
        """One thing happens."""
        weights = {self._given: 4, self._brought: 8, self._waited: 2, self._wrote: 2, self._led: 1, self._replied: 0.2}
        dice.choices(list(weights), list(weights.values()))[0](dice)
        self.world.listen()

    def _given(self, dice: Random) -> None:
        self._give(self.ids[dice.choice(CONTACTS)], DeskId(dice.choice(NAMES)))

    def _brought(self, dice: Random) -> None:
        """Mostly in order; now and then late, or twice."""
        if not self.world.words:
            return
        place = 0 if dice.random() < 0.7 else dice.randrange(len(self.world.words))
        self.world.bring(self.world.words[place] if dice.random() < 0.2 else self.world.words.pop(place))

    def _waited(self, dice: Random) -> None:
        self.world.wait(minutes=dice.choice((1, 5, 11)))
        for each in dice.sample(list(self.world.desks.values()), 2):  # one of them is late
            each.tick()

    def _wrote(self, dice: Random) -> None:
        name = dice.choice(CONTACTS)
        self._write(self.ids[name], name, dice.choice(NAMES))

    def _replied(self, dice: Random) -> None:
        contact = self.ids[dice.choice(CONTACTS)]
        holder = self.world.holder(contact)
        if holder is not None:
            holder.reply(contact, f"agent-{holder.state.desk}")

    def _led(self, dice: Random) -> None:
        each = self.world.desks[DeskId(dice.choice(NAMES))]
        if dice.random() < 0.5:
            each.state = restore(save(each.state))
        each.another_leads()

    def _give(self, contact: ContactId, to: DeskId) -> None:
        holder = self.world.holder(contact)
        if holder is not None and holder.state.desk != to:
            by = AgentId(f"agent-{holder.state.desk}")
            holder.must(TransferContact(contact=contact, agent=by, desk=to))

    def _write(self, contact: ContactId, name: str, to: str) -> None:
        """A message that is faster than its contact would wait; here it is not written."""
        if self.world.holder(contact) is None:
            return
        self.written += 1
        sender = self.world.desks[DeskId(to)]
        mail = sender.mail(
            "customer", key=f"more-{self.written}", inbox=InboxId(to), finds=[(f"thread-{name}", ThreadEvidence.TOKEN)]
        )
        found = msgspec.structs.replace(mail.finds[0], contact=contact, desk=self._known_to_be_at(contact))
        self.world.write(to, msgspec.structs.replace(mail, finds=(found,)))

    def _known_to_be_at(self, contact: ContactId) -> DeskId | None:
        holder = self.world.holder(contact)
        return None if holder is None else holder.state.desk

    def told(self, kind: type[E], contact: ContactId) -> list[E]:
        every = [event for each in self.world.desks.values() for event in each.told(kind)]
        return [event for event in every if getattr(event, "contact", None) == contact]


@pytest.mark.parametrize("seed", range(LIVES))
def test_a_contact_is_at_one_desk_and_each_of_its_clocks_ends_once_at_the_right_time(seed: int) -> None:
    dice, life = Random(seed), Life()
    for _ in range(STEPS):
        life.live(dice)
        for contact in life.ids.values():
            life.world.holder(contact)  # never two
    life.world.settle()
    for contact in life.ids.values():
        assert life.world.holder(contact) is not None
    life.world.wait(hours=5)
    for each in life.world.desks.values():
        each.tick()
        assert each.agrees_with_its_log()
    for contact in life.ids.values():
        [started] = life.told(ClockStarted, contact)
        ends = [*life.told(ClockBreached, contact), *(met for met in life.told(ClockMet, contact) if not met.late)]
        assert len(ends) == 1, ends
        for breach in life.told(ClockBreached, contact):
            assert breach.at == started.due_at == NOON + HOUR
        warned = [warning.fraction for warning in life.told(ClockWarned, contact)]
        assert sorted(set(warned)) == sorted(warned)
        assert len(life.told(TransferTaken, contact)) == len(life.told(ContactTaken, contact))
    assert sum(len(life.told(MessageReceived, contact)) for contact in life.ids.values()) == 2 + life.written
