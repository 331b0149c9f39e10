"""Whether the people of a desk can be told by the ways that are wanted for them. Pure."""

from collections.abc import Iterator, Sequence

from frontline.configuration.model import Desk, Inbox
from frontline.configuration.notify import CARRIERS, SENT, Notify
from frontline.configuration.shape import Found
from frontline.contract.error import Mistake


def unreachable(found: Sequence[Found]) -> Iterator[Mistake]:
    """Every way that leads nowhere, and every notice that would come back to us."""
    ours = {item.value.address.lower() for item in found if isinstance(item.value, Inbox)}
    for item in found:
        match item.value:
            case Desk():
                yield from _desk(item, item.value)
            case Notify(mail=mail) if mail and mail.lower() in ours:
                yield Mistake(str(item.place / "mail"), f"{mail!r} is an inbox: a notice to it would be a contact")


def _desk(item: Found, desk: Desk) -> Iterator[Mistake]:
    inboxes = {(inbox.channel, inbox.id) for inbox in desk.inboxes}
    for way in SENT:
        inbox = desk.notices.inbox(way)
        if inbox and (CARRIERS[way], inbox) not in inboxes:
            what = f"this desk has no {CARRIERS[way]} inbox with the id {inbox!r}"
            yield Mistake(str(item.place / "notices" / way), what)
    for number, agent in enumerate(desk.agents):
        for index, way in enumerate(agent.notify.ways):
            place = item.place / "agent" / number / "notify" / "ways" / index
            if way in SENT and not desk.notices.inbox(way):
                yield Mistake(str(place), f"this desk tells nobody by {way}: say by which inbox, in [desk.notices]")
            elif way == "ring" and not (agent.notify.ring or agent.phone):
                yield Mistake(str(place), "say which phone rings: with phone, or with ring in notify")
