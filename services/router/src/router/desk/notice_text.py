"""What a notice says: which desk calls, and where, and no word of a customer's unless the desk allows it. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from frontline.contract.ids import ContactId
from router.core.contact import Contact
from router.core.news import ALARM, ASSIGNMENT, ESCALATION, OFFER, TRANSFER, News

MOST_LINES = 10
_MOST_OF_A_SUBJECT = 120
_SHORT = 1400
"""Letters; with the last line it stays below what carriers take (1600)."""
_FOOT = "This mail tells you of it and no more: answer in the console. There you choose how you are told, too."

_SAID = {
    OFFER: "A contact by {channel} is waiting for you in {inbox}.",
    ASSIGNMENT: "A contact by {channel} in {inbox} is yours.",
    TRANSFER: "A contact by {channel} in {inbox} was handed on to you.",
    ESCALATION: "Please see to a contact by {channel} in {inbox}: it was escalated.",
    ALARM: "Nobody takes a contact by {channel} in {inbox}: please see to it.",
}
_TARGETS = {
    "first_response": "The first answer",
    "next_response": "The next answer",
    "resolution": "The resolution",
    "follow_up": "What was promised",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One piece of news in words; `subject` is what the contact is about, as its customer put it, where that may be said."""

    contact: ContactId
    sentence: str
    subject: str = ""


def sentence(news: News, contact: Contact, inbox: str) -> str:
    found = _SAID.get(news.about)
    if found is not None:
        return found.format(channel=contact.channel, inbox=inbox)
    clock = contact.clock(news.target)
    how = "is late" if clock is not None and clock.breached else "is due soon"
    what = _TARGETS.get(news.target, "What is due")
    return f"{what} to a contact by {contact.channel} in {inbox} {how}."


def headline(told: Sequence[Told], desk: str) -> str:
    """One line for all of it."""
    return told[0].sentence if len(told) == 1 else f"{len(told)} contacts need you at {desk}."


def written(told: Sequence[Told], desk: str, link: Callable[[ContactId], str], *, short: bool) -> str:
    """For a mail, or `short` for a text message, which a carrier takes up to a length only. `link` gives where a
    contact is seen, empty if that is not known.
    """
    lines = [headline(told, desk)] if len(told) > 1 else []
    room = _SHORT - sum(map(len, lines)) if short else None
    shown = 0
    for each in told[:MOST_LINES]:
        about = f" It is about: {_one_line(each.subject)}" if each.subject else ""
        where = link(each.contact)
        line = f"{each.sentence}{about}" + (f"\n{where}" if where else "")
        if room is not None and (room := room - len(line) - 2) < 0:
            break
        lines.append(line)
        shown += 1
    if len(told) > shown:
        lines.append(f"And {len(told) - shown} more.")
    return "\n\n".join(lines if short else [*lines, _FOOT])


def spoken(told: Sequence[Told], desk: str) -> str:
    """For a phone: nobody can hear a link."""
    return f"{headline(told, desk)} Please open the console."


def _one_line(subject: str) -> str:
    flat = " ".join(subject.split())
    return flat if len(flat) <= _MOST_OF_A_SUBJECT else flat[:_MOST_OF_A_SUBJECT].rstrip() + "…"
