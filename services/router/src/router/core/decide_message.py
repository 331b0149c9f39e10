"""What a customer's message comes to, and a receipt for a reply. Looks, never touches."""

from datetime import datetime

from frontline.contract.message import Automation, DeliveryState
from router.core import decide_offer, placing, sla
from router.core.assignment import may_take
from router.core.calendar import exact
from router.core.command import (
    ReceiveMessage,
    RecordDelivery,
)
from router.core.contact import RESOLVED, Contact
from router.core.event import (
    ContactOpened,
    ContactReopened,
    DeliveryRecorded,
    DeskDecision,
    MessageReceived,
)
from router.core.refusal import Refused, wanted_contact
from router.core.state import DeskState

Events = tuple[DeskDecision, ...]


def receive(state: DeskState, command: ReceiveMessage, now: datetime) -> Events:
    if command.known is not None or state.overlay.placement(command.key) is not None:
        return ()
    inbox = state.inbox(command.channel, command.inbox)
    if inbox is None:
        raise Refused("unknown_inbox", f"This desk has no inbox {command.inbox} on {command.channel}.")
    at = _arrived(command.at, now)
    found = placing.find(state, command)
    contact = found.contact
    person = command.automation is not Automation.AUTO_REPLIED
    received = MessageReceived(
        at=at,
        contact=command.new_contact if contact is None else contact.id,
        message=command.message,
        key=command.key,
        customer=command.customer,
        channel=command.channel,
        inbox=command.inbox,
        kind=command.kind,
        presence=command.presence,
        automation=command.automation,
        threaded_by=found.by,
        keys=command.binds,
    )
    if contact is not None:
        return (received, *_heard(state, contact, at, now)) if person else (received,)
    if command.new_contact in state.contacts:
        raise Refused("contact_exists", f"Contact {command.new_contact} is there already.")
    opened = ContactOpened(
        at=at,
        contact=command.new_contact,
        channel=command.channel,
        inbox=command.inbox,
        customer=command.customer,
        lane=inbox.lane,
        linked_to=found.linked_to,
    )
    term = state.terms.get(inbox.policy, {}).get(sla.FIRST_RESPONSE) if person else None
    if term is None:
        return (opened, received)
    return (opened, received, sla.started(term, command.new_contact, at))


def _heard(state: DeskState, contact: Contact, at: datetime, now: datetime) -> list[DeskDecision]:
    """A message that asks for an answer came to a contact that exists."""
    events: list[DeskDecision] = []
    if contact.phase == RESOLVED:
        events.append(ContactReopened(at=at, contact=contact.id, rule="message"))
    if started := sla.asked(contact, state.term(contact, sla.FIRST_RESPONSE), at):
        events.append(started)
    if contact.phase == RESOLVED:
        events += back(state, contact, now)
    return events


def back(state: DeskState, contact: Contact, now: datetime) -> list[DeskDecision]:
    """A reopened contact goes to the agent who knows it, if they may take it now."""
    agent = None if contact.last_agent is None else state.agents.get(contact.last_agent)
    if agent is None or not may_take(agent, contact.line):
        return []
    return [decide_offer.given(contact, agent, now, "last_agent")]


def deliver(state: DeskState, command: RecordDelivery, now: datetime) -> Events:
    if command.known or state.overlay.placement(command.key) is not None:
        return ()
    contact = wanted_contact(state, command.contact)
    at = _arrived(command.at, now)
    recorded = DeliveryRecorded(
        at=at,
        contact=contact.id,
        reply=command.reply,
        receipt=command.receipt,
        key=command.key,
        state=command.state,
    )
    counted = any(reply == command.reply for reply, _ in contact.replies)
    if command.state is not DeliveryState.FAILED or not counted:
        return (recorded,)
    events: list[DeskDecision] = [recorded]
    if contact.phase == RESOLVED:
        events.append(ContactReopened(at=now, contact=contact.id, rule="delivery_failed"))
        if resumed := sla.reopened(contact, command.reply):
            events.append(resumed)
    events += sla.bounced(contact, command.reply)
    if contact.phase == RESOLVED:
        events += back(state, contact, now)
    return tuple(events)


def _arrived(at: datetime, now: datetime) -> datetime:
    """Event time, never in the future."""
    return min(exact(at), now)
