"""What a customer's message comes to, and a receipt for a reply. Looks, never touches."""

from datetime import datetime

import msgspec

from frontline.contract.message import Automation, DeliveryState, MessageKind, Presence
from router.core import decide_presence, elsewhere, placing, sla, sla_bounced
from router.core.calendar import event_time
from router.core.command import ReceiveMessage, RecordDelivery
from router.core.contact import RESOLVED, WAITING_CUSTOMER, WAITS, Contact
from router.core.desk_settings import InboxSettings
from router.core.event import (
    ContactOpened,
    ContactReopened,
    DeliveryRecorded,
    DeskDecision,
    MessageReceived,
    WaitEnded,
)
from router.core.refusal import Refused
from router.core.state import DeskState

Events = tuple[DeskDecision, ...]

_ASK_NOTHING = (MessageKind.SURVEY, MessageKind.SYSTEM)
_COME_AND_GO = (Presence.ANSWERED, Presence.LEFT)
UNKNOWN_INBOX = "unknown_inbox"
NOT_TAKEN = "not_taken"
"""Why a message is not this desk's to decide: another one has its inbox, or will have."""


def receive(state: DeskState, command: ReceiveMessage, now: datetime) -> Events:
    if command.known is not None or state.overlay.placement(command.key) is not None:
        return ()
    if command.new_contact in state.erased:  # a message of theirs, come again after its key was forgotten
        return ()
    if command.customer in state.successors:  # erased since they were looked up
        command = msgspec.structs.replace(command, customer=state.called_now(command.customer), knows=None)
    if command.sent_on is None:
        inbox = _wanted_inbox(state, command)
    else:
        inbox = None
        elsewhere.check_arrival(state, command.sent_on)
    at = event_time(command.at, now)
    found = placing.find(state, command) if command.finds else placing.NOWHERE
    contact = found.contact
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
        return (received, *_joined(state, contact, command, at, now))
    if inbox is None:
        elsewhere.send_home(state, command)
        inbox = _wanted_inbox(state, command)
    if command.new_contact in state.contacts:
        raise Refused("contact_exists", f"Contact {command.new_contact} is there already.")
    opened = _opening(state, inbox, command, found, at)
    if not asks(command) or command.opts_out:
        return (opened, received)
    return (opened, received, *sla.opened(state, opened.contact, opened.policy or inbox.policy, opened.lane, at))


def _wanted_inbox(state: DeskState, command: ReceiveMessage) -> InboxSettings:
    key = (command.channel, command.inbox)
    inbox = state.inboxes.get(key)
    if inbox is None:
        raise Refused(UNKNOWN_INBOX, f"This desk has no inbox {command.inbox} on {command.channel}.")
    if not state.holdings.has(key):
        raise Refused(NOT_TAKEN, f"This desk has not taken inbox {command.inbox} on {command.channel}.")
    return inbox


def asks(message: ReceiveMessage | MessageReceived) -> bool:
    """Whether somebody waits for an answer to it."""
    if message.kind in _ASK_NOTHING or message.presence in _COME_AND_GO:
        return False
    return message.automation is not Automation.AUTO_REPLIED


def _opening(
    state: DeskState, inbox: InboxSettings, command: ReceiveMessage, found: placing.Found, at: datetime
) -> ContactOpened:
    rules = [rule for rule in state.settings.rules if rule.id in command.rules] if command.rules else []
    return ContactOpened(
        at=at,
        contact=command.new_contact,
        channel=command.channel,
        inbox=command.inbox,
        customer=command.customer,
        lane=next((rule.lane for rule in rules if rule.lane), inbox.lane) if rules else inbox.lane,
        linked_to=found.linked_to,
        live=inbox.live and command.presence is Presence.LIVE,
        skills=tuple(sorted({skill for rule in rules for skill in rule.skills})) if rules else (),
        rules=tuple(rule.id for rule in rules) if rules else (),
        policy=next((rule.policy for rule in rules if rule.policy), "") if rules else "",
        sticky=command.knows if command.knows in state.agents else None,
    )


def _joined(
    state: DeskState, contact: Contact, command: ReceiveMessage, at: datetime, now: datetime
) -> list[DeskDecision]:
    """What follows from a message in a contact that exists."""
    match command.presence:
        case Presence.LEFT:
            return decide_presence.left(state, contact, now)
        case Presence.ANSWERED:
            return sla.replied(contact, at, command.message)
    if not asks(command) or (command.opts_out and contact.phase in (RESOLVED, WAITING_CUSTOMER)):
        return []
    events: list[DeskDecision] = []
    if contact.phase == RESOLVED:
        events += [ContactReopened(at=at, contact=contact.id, rule="message"), *sla.unresolved(contact, at)]
    elif contact.phase in WAITS:
        events += waited(contact, at, "message")
    events += sla.heard(state, contact, at)
    if command.presence is Presence.LIVE:
        events += decide_presence.came(state, contact, calls=command.kind is MessageKind.CALL, now=now)
    return events


def waited(contact: Contact, at: datetime, rule: str) -> list[DeskDecision]:
    """The wait for others is over since `at`: what stood still goes on."""
    return [WaitEnded(at=at, contact=contact.id, rule=rule), *sla.went_on(contact, at, rule)]


def deliver(state: DeskState, command: RecordDelivery, now: datetime) -> Events:
    if command.known is not None or state.overlay.placement(command.key) is not None:
        return ()
    elsewhere.check_arrival(state, command.sent_on)
    moved = None if command.finds is None else state.overlay.contact(command.finds)
    if moved is not None and moved != command.contact:
        command = msgspec.structs.replace(command, contact=moved, desk=None, moves=0)
    contact = state.contacts.get(command.contact)
    if contact is None:
        elsewhere.send_receipt_on(state, command)
    if contact is None:  # closed long since: its transcript is told, and nothing follows
        return ()
    at = event_time(command.at, now)
    recorded = DeliveryRecorded(
        at=at,
        contact=contact.id,
        reply=command.reply,
        receipt=command.receipt,
        key=command.key,
        state=command.state,
    )
    counted = any(reply == command.reply for reply, _ in contact.replies)
    if command.state is not DeliveryState.FAILED or not counted or contact.merged_into is not None:
        return (recorded,)
    events: list[DeskDecision] = [recorded]
    if contact.phase == RESOLVED:
        events.append(ContactReopened(at=at, contact=contact.id, rule="delivery_failed"))
    elif contact.phase in WAITS:
        events += waited(contact, at, "delivery_failed")
    return (*events, *sla_bounced.bounced(contact, command.reply, at))
