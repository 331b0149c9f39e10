"""When a customer from whom nothing is heard is written to. Looks, never touches."""

import hashlib
from datetime import datetime

from frontline.contract.ids import ContactId, MessageId
from router.core.check_in import CheckIn
from router.core.event_check_in import CheckInArmed, CheckInDue
from router.core.state import DeskState


def armed(state: DeskState, now: datetime) -> tuple[CheckInArmed, ...]:
    """For the first of the contacts that have fallen silent, in the time of each rule's calendar."""
    id_, silences = next(iter(state.check_ins.wanted.items()))
    contact = state.contacts[id_]
    rules = {rule.id: rule for rule in state.settings.check_ins}
    return tuple(
        CheckInArmed(
            at=now,
            contact=id_,
            rule=silence.rule,
            customer=contact.customer,
            channel=contact.channel,
            inbox=contact.inbox,
            due_at=state.calendar(rules[silence.rule].calendar).due(silence.since, rules[silence.rule].after),
        )
        for silence in silences
    )


def due(check_in: CheckIn) -> CheckInDue:
    return CheckInDue(
        at=check_in.due_at,
        contact=check_in.contact,
        rule=check_in.rule,
        customer=check_in.customer,
        channel=check_in.channel,
        inbox=check_in.inbox,
        message=message_of(check_in.contact, check_in.rule),
    )


def message_of(contact: ContactId, rule: str) -> MessageId:
    """A rule has its say once in a contact, so this names what it says; whoever writes it twice writes the same."""
    return MessageId("k" + hashlib.sha256(f"{contact} {rule}".encode()).hexdigest()[:31])
