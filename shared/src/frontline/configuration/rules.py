"""What each table must keep to by itself: gives the key (or path) of each breach, and what is wrong.

Pure: `zones` are the time zones this machine knows.
"""

import re
from collections.abc import Collection, Iterator

import msgspec

from frontline.configuration.calendar import Calendar, SpecialDay, calendar_breaches, special_breaches
from frontline.configuration.check_in import CheckIn, check_in_breaches
from frontline.configuration.escalation import Escalation, escalation_breaches
from frontline.configuration.locate import Path
from frontline.configuration.model import Agent, Configuration, Desk, Inbox
from frontline.configuration.notify import Notices, Notify, notices_breaches, notify_breaches
from frontline.configuration.policy import LaneTimes, Policy, lane_breaches, policy_breaches
from frontline.configuration.routing import duration_breaches, patience_breaches, ring_breaches
from frontline.configuration.rule import Rule, rule_breaches
from frontline.configuration.shift import Override, Shift, override_breaches, shift_breaches
from frontline.contract.subject import is_token

Breaches = Iterator[tuple[Path, str]]

_MOST = 2**53
"""Of whatever is counted: it stays a number that every log and every client can hold."""
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
_PLACE = re.compile(r"\{[^{}]*\}")
_PLACES = ("{agent}", "{inbox}")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}\Z"), "a number in E.164 such as +12025550123"
_ADDRESSES = {
    "email": (re.compile(r"[^\s@<>]+@[^\s@<>]+\Z"), "an e-mail address such as support@desk.example"),
    "phone": _NUMBER,
}


def breaches(value: msgspec.Struct, zones: Collection[str]) -> Breaches:
    """Everything that is wrong with `value`, whatever else is in the configuration."""
    match value:
        case Configuration():
            yield from _at_least("version", value.version, 1)
        case Desk():
            yield from _name("id", value.id)
            yield from ring_breaches(value.rings)
            waits = ("age_after", "alarm_after", "offline_grace", "reopen_for", "transfer_within")
            yield from patience_breaches({key: getattr(value, key) for key in waits})
        case Agent():
            yield from _agent(value)
        case Inbox():
            yield from _inbox(value)
        case Policy():
            yield from policy_breaches(value)
        case Calendar():
            yield from calendar_breaches(value, zones)
        case SpecialDay():
            yield from special_breaches(value)
        case Escalation():
            yield from escalation_breaches(value)
        case LaneTimes():
            yield from lane_breaches(value)
        case CheckIn():
            yield from check_in_breaches(value)
        case Rule():
            yield from rule_breaches(value)
        case Shift():
            yield from shift_breaches(value, zones)
        case Notify():
            yield from notify_breaches(value, zones)
        case Notices():
            yield from notices_breaches(value)
        case Override():
            yield from override_breaches(value)


def _agent(agent: Agent) -> Breaches:
    yield from _name("id", agent.id)
    if not agent.name.strip():
        yield ("name",), "name must not be empty: customers see it"
    yield from _at_least("capacity", agent.capacity, 1)
    yield from _at_least("token_version", agent.token_version, 1)
    yield from _words("skills", agent.skills)
    if agent.picture and not agent.picture.startswith(("https://", "http://", "/")):
        yield ("picture",), "picture must be a URL or a path that begins with a slash"
    if agent.phone and not _NUMBER[0].match(agent.phone):
        yield ("phone",), f"phone must be {_NUMBER[1]}, not {agent.phone!r}"


def _inbox(inbox: Inbox) -> Breaches:
    yield from _name("channel", inbox.channel)
    yield from _name("id", inbox.id)
    wanted = _ADDRESSES.get(inbox.channel)
    if not inbox.address.strip():
        yield ("address",), "address must not be empty"
    elif wanted and not wanted[0].match(inbox.address):
        yield ("address",), f"address must be {wanted[1]}, not {inbox.address!r}"
    if inbox.cost is not None:
        yield from _at_least("cost", inbox.cost, 1)
    yield from duration_breaches("offer_for", inbox.offer_for)
    yield from _at_least("written_cost", inbox.written_cost, 1)
    if inbox.handling is not None:
        yield from duration_breaches("handling", inbox.handling)
    waits = {"sticky_for": inbox.sticky_for, "wrap_up": inbox.wrap_up}
    yield from patience_breaches({key: time for key, time in waits.items() if time is not None})
    yield from _words("skills", inbox.skills)
    for place in _PLACE.findall(inbox.sender):
        if place not in _PLACES:
            yield ("sender",), f"sender may have {' and '.join(_PLACES)} in it, not {place}"
    for index, language in enumerate(inbox.languages):
        if not _LANGUAGE.match(language):
            yield ("languages", index), f"{language!r} is not a language tag such as en or pt-BR"


def _name(key: str, text: str) -> Breaches:
    if not is_token(text):
        yield (
            (key,),
            f"{key} {text!r} must be of lower-case letters, digits and hyphens, begin with no hyphen, and have 63 at most",
        )


def _at_least(key: str, number: int, least: int) -> Breaches:
    if number < least:
        yield (key,), f"{key} must be {least} or more, not {number}"
    elif number > _MOST:
        yield (key,), f"{key} must be {_MOST} at most"


def _words(key: str, words: tuple[str, ...]) -> Breaches:
    seen = set()
    for index, word in enumerate(words):
        if not word.strip() or word != word.strip():
            yield (key, index), f"{key} must not hold empty or padded words"
        elif word in seen:
            yield (key, index), f"{key} holds {word!r} twice"
        seen.add(word)
