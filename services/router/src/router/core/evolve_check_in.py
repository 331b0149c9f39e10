"""How customers fall silent and are heard of again; a part of `evolve`, with the same promises."""

from datetime import datetime

from frontline.contract.ids import ContactId, CustomerId
from frontline.contract.message import Automation, Presence
from router.core.check_in import CheckIn, Silence
from router.core.contact import Contact
from router.core.event import MessageReceived
from router.core.event_check_in import CheckInArmed, CheckInDue
from router.core.illegal import known_contact, no
from router.core.state import DeskState


def falls_silent(state: DeskState, contact: Contact, since: datetime) -> None:
    """We have done our part, and what is heard next is for the customer to say."""
    stop(state, contact.id)
    if not state.settings.check_ins:
        return
    done = state.check_ins.done.get(contact.id, ())
    wanted = tuple(
        Silence(rule.id, since)
        for rule in state.settings.check_ins
        if rule.when == contact.phase and (contact.channel, contact.inbox) in rule.inboxes and rule.id not in done
    )
    if wanted:
        state.check_ins.wanted[contact.id] = wanted


def heard(state: DeskState, event: MessageReceived) -> None:
    """Whoever takes part has written, or the customer has, about anything; a machine's answer in their place and
    hanging up say nothing.
    """
    if event.automation is Automation.AUTO_REPLIED or event.presence is Presence.LEFT:
        return
    stop(state, event.contact)
    if state.check_ins.armed:
        stop_all(state, event.customer)


def stop(state: DeskState, contact: ContactId) -> None:
    """Nobody is written to because of this contact, as things stand."""
    check_ins = state.check_ins
    check_ins.wanted.pop(contact, None)
    if contact in check_ins.armed:
        for check_in in tuple(check_ins.armed[contact].values()):
            _disarm(state, check_in)


def stop_all(state: DeskState, customer: CustomerId) -> None:
    for contact in state.check_ins.of_customer(customer):
        stop(state, contact)


def forget(state: DeskState, contact: ContactId) -> None:
    """It has left the desk. What is armed comes all the same."""
    state.check_ins.wanted.pop(contact, None)
    state.check_ins.done.pop(contact, None)


def configured(state: DeskState) -> None:
    """Other rules: what was armed by one that is no more comes no more."""
    rules = {rule.id for rule in state.settings.check_ins}
    for check_in in state.check_ins:
        if check_in.rule not in rules:
            _disarm(state, check_in)
    for contact, silences in tuple(state.check_ins.wanted.items()):
        left = tuple(silence for silence in silences if silence.rule in rules)
        if left:
            state.check_ins.wanted[contact] = left
        else:
            del state.check_ins.wanted[contact]


def armed(state: DeskState, event: CheckInArmed) -> None:
    contact = known_contact(state, event.contact)
    first, *others = state.check_ins.wanted.get(contact.id, (None,))
    if first is None or first.rule != event.rule or event.customer != contact.customer:
        no(f"contact {contact.id} asks for no check-in by {event.rule}")
    if others:
        state.check_ins.wanted[contact.id] = tuple(others)
    else:
        del state.check_ins.wanted[contact.id]
    check_in = CheckIn(
        contact.id, state.words[event.rule], event.customer, contact.channel, contact.inbox, event.due_at
    )
    state.check_ins.add(check_in)
    state.dues.arm_check_in(check_in)


def due(state: DeskState, event: CheckInDue) -> None:
    check_in = state.check_ins.get(event.contact, event.rule)
    if check_in is None or check_in.due_at != event.at:
        no(f"no check-in after contact {event.contact} is due by {event.rule}")
    _disarm(state, check_in)
    if event.contact in state.contacts:
        done = state.check_ins.done.get(event.contact, ())
        state.check_ins.done[event.contact] = (*done, check_in.rule)


def _disarm(state: DeskState, check_in: CheckIn) -> None:
    state.check_ins.remove(check_in)
    state.dues.disarm_check_in()
