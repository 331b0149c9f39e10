"""Splitting and moving in a desk under test: what an index would know of it, read from its log."""

from collections import Counter

import msgspec

from frontline.contract.ids import AgentId, ContactId, MessageId
from router.api.parted import moving
from router.core.advance import Step
from router.core.command import MoveMessage, SplitContact
from router.core.contact import Contact
from router.core.event import ContactMerged, ContactReopened, ContactResolved
from router.core.event_move import MessagesTaken
from router.index.said import Utterance, utterance
from tests.unit.router_core.driver import Desk


class Index:
    """As one that has taken in the whole log. Messages are in one contact each."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.where: dict[MessageId, ContactId] = {}
        self.said: dict[MessageId, Utterance] = {}
        self.moves: Counter[MessageId] = Counter()
        self.done: dict[MessageId, int] = {}
        place = 0
        for event in (event for commit in desk.log for event in commit.events):
            if (said := utterance(event)) is not None:
                assert said.id not in self.said
                self.said[said.id], self.where[said.id] = said, event.contact  # type: ignore[union-attr]
            elif isinstance(event, MessagesTaken):
                for item in event.items:
                    assert self.where[item.id] == event.origin
                    self.where[item.id] = event.contact
                    self.moves[item.id] += 1
                    assert item.moves == self.moves[item.id]
                    self.done.pop(item.id, None)
            elif isinstance(event, ContactResolved | ContactMerged):
                place += 1
                self.done |= dict.fromkeys((id_ for id_ in self._ids(event.contact) if id_ not in self.done), place)
            elif isinstance(event, ContactReopened) and event.rule in {"agent", "delivery_failed"}:
                ids = self._ids(event.contact)
                last = max((self.done[id_] for id_ in ids if id_ in self.done), default=0)
                self.done = {id_: at for id_, at in self.done.items() if id_ not in ids or at != last}

    def of(self, contact: ContactId) -> list[Utterance]:
        return [msgspec.structs.replace(self.said[id_], done=id_ in self.done) for id_ in self._ids(contact)]

    def _ids(self, contact: ContactId) -> list[MessageId]:
        return [id_ for id_ in self.said if self.where[id_] == contact]

    def split(self, contact: ContactId, first: MessageId, new: str, agent: str = "a") -> SplitContact:
        """From that message on."""
        said = self.of(contact)
        ids = [each.id for each in said]
        going = {id_: self.moves[id_] for id_ in ids[ids.index(first) :]}
        items, stays = moving(said, going)
        held: Contact = self.desk.contact(contact)
        return SplitContact(
            contact=contact,
            new_contact=ContactId(new),
            agent=AgentId(agent),
            channel=held.channel,
            inbox=held.inbox,
            items=items,
            stays=stays,
            seen=self.seen,
        )

    def move(self, contact: ContactId, message: MessageId, to: ContactId, agent: str = "a") -> MoveMessage:
        items, stays = moving(self.of(contact), {message: self.moves[message]})
        return MoveMessage(
            contact=contact,
            to=to,
            agent=AgentId(agent),
            items=items,
            stays=stays,
            there=moving(self.of(to), {})[1],
            seen=self.seen,
        )

    @property
    def seen(self) -> tuple[int, int]:
        return self.desk.epoch, self.desk.index


def split(desk: Desk, contact: ContactId, first: MessageId, new: str = "c-new", agent: str = "a") -> ContactId:
    """A split that must be taken, and its new contact."""
    desk.must(Index(desk).split(contact, first, new, agent))
    return ContactId(new)


def move(desk: Desk, contact: ContactId, message: MessageId, to: ContactId, agent: str = "a") -> Step:
    return desk.ask(Index(desk).move(contact, message, to, agent))
