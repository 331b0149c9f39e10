"""Messages that belong to another contact: split off as one of their own, or moved. Looks, never touches."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from frontline.contract.ids import ContactId, MessageId
from router.core import decide_message, sla, sla_moved
from router.core.command import MoveMessage, SplitContact, Staying
from router.core.contact import RESOLVED, WAITS, Contact
from router.core.event import ContactOpened, ContactReopened, DeskDecision
from router.core.event_move import MessagesMoved, MessagesTaken, Moving
from router.core.overlay import Position
from router.core.refusal import Refused, contact_in_work, wanted_agent
from router.core.sla_moved import MOVED, Change, Sent
from router.core.state import DeskState

Events = tuple[DeskDecision, ...]

MOVED_ON = "moved_on"
"""The desk knows more of a contact than who asked had looked up: they have to look again."""


class _Load(NamedTuple):
    """What goes: the questions among it by when they were asked, and the replies that have not failed."""

    asks: list[datetime]
    replies: tuple[Sent, ...]
    ids: tuple[MessageId, ...]


def split(state: DeskState, command: SplitContact, now: datetime) -> Events:
    """The new contact waits, first for who split it off, with the clock of what is unanswered in it."""
    wanted_agent(state, command.agent)
    contact = _in_work(state, command.contact)
    load = _load(state, contact, command.items, command.stays, command.seen)
    if command.new_contact in state.contacts:
        raise Refused("contact_exists", f"Contact {command.new_contact} is there already.")
    inbox = state.inbox(command.channel, command.inbox)
    if inbox is None:
        raise Refused("unknown_inbox", f"This desk has no inbox {command.inbox} on {command.channel}.")
    said = min((item.at for item in command.items if item.customer and item.at), default=None)
    authors = [item.customer for item in command.items if item.customer is not None]
    opened = ContactOpened(
        at=now,
        contact=command.new_contact,
        channel=command.channel,
        inbox=command.inbox,
        customer=authors[0] if authors else contact.customer,
        lane=contact.lane,
        linked_to=contact.id,
        skills=contact.skills,
        policy=contact.policy,
        sticky=command.agent,
        ours=any(said is None or at < said for _, at in load.replies),
        split_by=command.agent,
    )
    moved = MessagesMoved(
        at=now, contact=contact.id, to=opened.contact, agent=command.agent, items=load.ids, split=True
    )
    taken = MessagesTaken(
        at=now,
        contact=opened.contact,
        origin=contact.id,
        agent=command.agent,
        channel=opened.channel,
        inbox=opened.inbox,
        items=command.items,
        replies=load.replies,
        split=True,
    )
    policy = opened.policy or inbox.policy
    return (
        opened,
        moved,
        taken,
        *sla_moved.fresh(state, opened.contact, policy, opened.lane, load.asks, load.replies),
        *_without(state, contact, command.stays, load, now),
    )


def move(state: DeskState, command: MoveMessage, now: datetime) -> Events:
    """Where it comes to it counts as if it had arrived there, at its own time."""
    wanted_agent(state, command.agent)
    contact, to = _in_work(state, command.contact), _in_work(state, command.to)
    if contact is to:
        raise Refused("same_contact", "The message is in this contact already.")
    load = _load(state, contact, command.items, command.stays, command.seen)
    _current(state, to, command.items, command.there, (), command.seen)
    author = next((item.customer for item in command.items if item.customer is not None), contact.customer)
    moved = MessagesMoved(at=now, contact=contact.id, to=to.id, agent=command.agent, items=load.ids)
    taken = MessagesTaken(
        at=now,
        contact=to.id,
        origin=contact.id,
        agent=command.agent,
        channel=to.channel,
        inbox=to.inbox,
        items=command.items,
        replies=load.replies,
        public=author == to.customer,
    )
    events: list[DeskDecision] = [moved, taken]
    if load.asks and to.phase == RESOLVED:
        events += [ContactReopened(at=now, contact=to.id, rule=MOVED), *sla.unresolved(to, now)]
    elif load.asks and to.phase in WAITS:
        events += decide_message.waited(to, now, MOVED)
    if load.asks or to.phase != RESOLVED:
        has = Change(
            asks=sorted((*command.there.asks, *load.asks)),
            replies=sorted((*to.replies, *load.replies), key=lambda sent: sent[1]),
        )
        events += sla_moved.reckoned(state, to, has, now)
    return (*events, *_without(state, contact, command.stays, load, now))


def _in_work(state: DeskState, id_: ContactId) -> Contact:
    contact = contact_in_work(state, id_)
    if contact.bound_for is not None:
        raise Refused("in_transfer", f"Desk {contact.bound_for} is asked to take contact {id_}: take it back first.")
    return contact


def _load(state: DeskState, contact: Contact, items: Sequence[Moving], stays: Staying, seen: Position) -> _Load:
    if contact.live and not contact.left:
        raise Refused("live_channel", "Its customer is there, in a chat or a call: wait until they have left.")
    ids = tuple(item.id for item in items)
    _current(state, contact, items, stays, ids, seen)
    gone = frozenset(ids)
    return _Load(
        asks=sorted(item.at for item in items if item.asks and item.at is not None),
        replies=tuple(sent for sent in contact.replies if sent[0] in gone),
        ids=ids,
    )


def _without(state: DeskState, contact: Contact, stays: Staying, load: _Load, now: datetime) -> list[DeskDecision]:
    if contact.phase == RESOLVED:
        return []
    gone = frozenset(load.ids)
    has = Change(
        asks=sorted(stays.asks),
        replies=tuple(sent for sent in contact.replies if sent[0] not in gone),
        gone_asks=frozenset(load.asks),
        gone_replies=gone,
    )
    return sla_moved.reckoned(state, contact, has, now)


def _current(
    state: DeskState,
    contact: Contact,
    items: Sequence[Moving],
    stays: Staying,
    going: Sequence[MessageId],
    seen: Position,
) -> None:
    """Clocks go by what the index knows of a contact, so it has to know all: what was said in it, and what was
    moved. Raises `Refused`.
    """
    known = {*stays.replies, *going}
    later = state.overlay.since(seen)
    moving = {item.id for item in items}
    if (
        seen < state.floor
        or contact.moved > seen
        or any(reply not in known for reply, _ in contact.replies)
        or any(placed.contact == contact.id or placed.message in moving for placed in later)
    ):
        raise Refused(MOVED_ON, "Something else has just been said in this contact: look again.")
