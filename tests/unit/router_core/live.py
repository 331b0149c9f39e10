"""Inboxes where somebody may be at the other end, and what comes in by them."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from frontline.contract.ids import AgentId, ContactId, InboxId
from frontline.contract.message import Automation, MessageKind, Presence, ThreadEvidence
from router.core.desk_settings import AgentSettings, InboxSettings
from tests.unit.router_core.driver import EMAIL, Desk, settings

CHAT, LINE, MAIL = InboxId("chat"), InboxId("line"), InboxId("support")
CHATS = InboxSettings(channel=EMAIL, id=CHAT, cost=30, live=True)
CALLS = InboxSettings(
    channel=EMAIL,
    id=LINE,
    cost=100,
    live=True,
    offer_for=timedelta(seconds=20),
    wrap_up=timedelta(seconds=30),
)
MAILS = InboxSettings(channel=EMAIL, id=MAIL)
ALL = (MAILS, CHATS, CALLS)


def person(
    name: str, *skills: str, capacity: int = 100, available: bool = True, off_duty: bool = True
) -> AgentSettings:
    return AgentSettings(id=AgentId(name), capacity=capacity, skills=skills, available=available, off_duty=off_duty)


def desk_with(*people: AgentSettings, inboxes: Sequence[InboxSettings] = ALL, **more: object) -> Desk:
    """A desk of these people, with what else its settings say."""
    return Desk(msgspec.structs.replace(settings(*people, inboxes=inboxes), **more))


def chats(desk: Desk, customer: str = "ann") -> ContactId:
    return desk.opens(customer, inbox=CHAT, presence=Presence.LIVE, binds=[f"chat-{customer}"])


def calls(desk: Desk, customer: str = "ann") -> ContactId:
    return desk.opens(customer, inbox=LINE, presence=Presence.LIVE, kind=MessageKind.CALL, binds=[f"line-{customer}"])


def tells(desk: Desk, contact: ContactId, presence: Presence, *, kind: MessageKind = MessageKind.MESSAGE) -> None:
    """The customer of a call or chat does something."""
    held = desk.contact(contact)
    automation = Automation.AUTO_REPLIED if presence is Presence.LEFT else Automation.NO
    where = "chat" if held.inbox == CHAT else "line"
    desk.must(
        desk.mail(
            held.customer,
            inbox=held.inbox,
            presence=presence,
            kind=kind,
            automation=automation,
            finds=[(f"{where}-{held.customer}", ThreadEvidence.TOKEN)],
        )
    )


def takes(desk: Desk, contact: ContactId) -> str:
    """Whoever is asked accepts."""
    offer = desk.offer(contact)
    assert desk.accept(offer.id, offer.agent).refused is None
    return offer.agent
