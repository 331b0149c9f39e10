"""Check-ins: customers of whom nothing is heard are written to. `[[desk.check_in]]`. Pure."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

import msgspec

from frontline.configuration.calendar import ALWAYS
from frontline.configuration.locate import Path
from frontline.contract.ids import ChannelName, InboxId
from frontline.contract.subject import is_token

LONGEST_TEXT = 5_000
"""Letters. It is a question, and no newsletter."""

_MILLISECOND = timedelta(milliseconds=1)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")


class CheckIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a contact has been `resolved` or `waiting_customer` for `after`, in time of `calendar`, and nothing was
    heard of the customer since then, they get `text` on their channel: once in a contact, and never if they want none.

    `channels` and `inboxes` say for which contacts; left out: all. `text` is by language (`en`, `pt-BR`): the
    customer's if it is there, else the inbox's, else the first.
    """

    id: str
    when: Literal["resolved", "waiting_customer"]
    after: timedelta
    text: dict[str, str]
    calendar: str = ALWAYS
    channels: tuple[ChannelName, ...] = ()
    inboxes: tuple[InboxId, ...] = ()

    def holds_for(self, channel: ChannelName, inbox: InboxId) -> bool:
        return (not self.channels or channel in self.channels) and (not self.inboxes or inbox in self.inboxes)


def check_in_breaches(check_in: CheckIn) -> Iterator[tuple[Path, str]]:
    """What is wrong with one of them by itself."""
    if not is_token(check_in.id):
        yield ("id",), f"id {check_in.id!r} must be of lower-case letters, digits and hyphens"
    after = check_in.after or timedelta(0)  # empty text where it is missing: see `Shape`
    if after <= timedelta(0) or after % _MILLISECOND:
        yield ("after",), "after must be longer than nothing, in whole milliseconds"
    if not check_in.text:
        yield ("text",), "text must be there in one language at least"
    for language, text in dict(check_in.text or {}).items():
        if not _LANGUAGE.match(language):
            yield ("text", language), f"{language!r} is not a language tag such as en or pt-BR"
        if not text.strip() or len(text) > LONGEST_TEXT:
            yield ("text", language), f"a text must have something in it, and {LONGEST_TEXT} letters at most"
    for key in ("channels", "inboxes"):
        words: tuple[str, ...] = getattr(check_in, key)
        for index, word in enumerate(words):
            if word in words[:index]:
                yield (key, index), f"{key} holds {word!r} twice"
