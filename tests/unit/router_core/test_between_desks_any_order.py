"""Three desks that give each other contacts, whatever is said late, twice, or to another leader."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

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

steps = st.lists(
    st.one_of(
        st.tuples(st.just("give"), st.sampled_from(CONTACTS), st.sampled_from(NAMES)),
        st.tuples(st.just("bring"), st.integers(0, 5), st.booleans()),
        st.tuples(st.just("wait"), st.sampled_from((1, 9, 31)), st.none()),
        st.tuples(st.just("write"), st.sampled_from(CONTACTS), st.sampled_from(NAMES)),
        st.tuples(st.just("reply"), st.sampled_from(CONTACTS), st.none()),
        st.tuples(st.just("lead"), st.sampled_from(NAMES), st.booleans()),
    ),
    max_size=30,
)


class Life:
    def __init__(self) -> None:
        self.world = World(*(desk(name, f"agent-{name}") for name in NAMES))
        first = self.world.desks[DeskId("a")]
        self.ids = {
            name: first.opens("customer", key=name, binds=[f"thread-{name}"], inbox=InboxId("a")) for name in CONTACTS
        }
        self.written = 0

    def live(self, what: str, one: object, more: object) -> None:
        if what == "give":
            self._give(self.ids[str(one)], DeskId(str(more)))
        elif what == "bring" and self.world.words:
            place = int(str(one)) % len(self.world.words)
            word = self.world.words[place] if more else self.world.words.pop(place)
            self.world.bring(word)
        elif what == "wait":
            self.world.wait(minutes=int(str(one)))
            for each in self.world.desks.values():
                each.tick()
        elif what == "write":
            self._write(self.ids[str(one)], str(one), str(more))
        elif what == "reply":
            contact = self.ids[str(one)]
            holder = self.world.holder(contact)
            if holder is not None:
                holder.reply(contact, f"agent-{holder.state.desk}")
        elif what == "lead":
            each = self.world.desks[DeskId(str(one))]
            if more:
                each.state = restore(save(each.state))
            each.another_leads()
        self.world.listen()

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


@settings(max_examples=60, deadline=None)
@given(steps)
def test_a_contact_is_at_one_desk_and_each_of_its_clocks_ends_once_at_the_right_time(
    lived: list[tuple[str, object, object]],
) -> None:
    life = Life()
    for step in lived:
        life.live(*step)
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
