"""How people learn of what waits for them: `[desk.agent.notify]`, which they may change for themselves, and
`[desk.notices]`, what their desk tells them by. Pure.

```toml
[desk.notices]
mail = "support"

[desk.agent.notify]
ways = ["push", "mail"]
mail = "first.agent@your-company.example"
zone = "Europe/Berlin"
quiet = ["mon-fri 20:00-07:00", "sat-sun 00:00-24:00"]
```
"""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from typing import Literal

import msgspec

from frontline.configuration.locate import Path
from frontline.configuration.opening import week
from frontline.contract.ids import ChannelName, InboxId

Way = Literal["push", "mail", "sms", "ring"]
SENT: tuple[Way, ...] = ("mail", "sms", "ring")
"""Those that the desk sends by an inbox of its own; `push` is shown by the browser."""

CARRIERS: Mapping[Way, ChannelName] = {
    "mail": ChannelName("email"),
    "sms": ChannelName("phone"),
    "ring": ChannelName("phone"),
}
"""By which channel each of them travels."""

About = Literal["offer", "assignment", "transfer", "escalation", "warning", "alarm"]
USUAL: tuple[About, ...] = ("offer", "assignment", "transfer", "escalation", "alarm")
"""What an agent who says nothing else hears about."""

EVERY = timedelta(minutes=1)
_LONGEST = timedelta(days=1)
_MOST_QUIET = 20

_MAIL = re.compile(r"[^\s@<>,;:\"]{1,64}@[^\s@<>,;:\"]{1,255}\Z")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}\Z")


class Notify(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one agent wants to be told, besides the console, which always tells. `mail`, `sms` and `ring` are their own
    addresses; `ring` is their `phone` if it is not said.

    In `quiet` hours, by the clocks of `zone`, nothing is sent. What still holds when they end is told then.
    """

    ways: tuple[Way, ...] = ()
    mail: str = ""
    sms: str = ""
    ring: str = ""
    about: tuple[About, ...] = USUAL
    zone: str = "UTC"
    quiet: tuple[str, ...] = ()
    alarm_when_quiet: bool = False
    """Whether a desk-wide alarm reaches them during quiet hours, too."""

    def address(self, way: Way) -> str:
        """Where a way leads; empty for one that needs no address, and for one that has none."""
        return {"mail": self.mail, "sms": self.sms, "ring": self.ring}.get(way, "")


class Notices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By which inboxes a desk writes to its own agents, or rings them; a way without an inbox is not used."""

    mail: InboxId = InboxId("")
    sms: InboxId = InboxId("")
    ring: InboxId = InboxId("")
    every: timedelta = EVERY
    """One person hears by one way at most so often; what comes meanwhile is told together."""
    subjects: bool = False
    """Whether a notice names what a contact is about: words of a customer's, outside of the desk."""

    def inbox(self, way: Way) -> InboxId:
        """Empty for a way that is not used."""
        return {"mail": self.mail, "sms": self.sms, "ring": self.ring}.get(way, InboxId(""))


def notify_breaches(notify: Notify, zones: Collection[str]) -> Iterator[tuple[Path, str]]:
    """What is wrong with somebody's own settings, wherever they were given; `zones` are those this machine knows."""
    yield from _twice("ways", notify.ways)
    yield from _twice("about", notify.about)
    if notify.mail and not _MAIL.match(notify.mail):
        yield ("mail",), f"mail must be an e-mail address such as me@desk.example, not {notify.mail!r}"
    for key in ("sms", "ring"):
        number = getattr(notify, key)
        if number and not _NUMBER.match(number):
            yield (key,), f"{key} must be a number in E.164 such as +12025550123, not {number!r}"
    for way in ("mail", "sms"):
        if way in notify.ways and not getattr(notify, way):
            yield (way,), f"{way} is one of the ways: say at which address"
    if notify.zone != "UTC" and notify.zone not in zones:
        yield ("zone",), f"{notify.zone!r} is not a time zone that this machine knows, such as Europe/Berlin"
    yield from _quiet(notify.quiet)


def notices_breaches(notices: Notices) -> Iterator[tuple[Path, str]]:
    if not timedelta(0) <= notices.every <= _LONGEST:
        yield ("every",), "every must not be less than nothing, nor more than a day"


def _quiet(quiet: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """Hours may overlap: "fri 20:00-07:00" and "sat 00:00-24:00" say what is meant."""
    for index, entry in enumerate(quiet):
        try:
            week(entry)
        except ValueError as error:
            yield ("quiet", index), str(error)
    if len(quiet) > _MOST_QUIET:
        yield ("quiet",), f"quiet has {_MOST_QUIET} entries at most"


def _twice(key: str, words: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    for index, word in enumerate(words):
        if word in words[:index]:
            yield (key, index), f"{key} holds {word!r} twice"
