"""Routing rules: what a message is about decides who gets it, and how soon. `[[desk.rule]]`. Pure."""

from collections.abc import Iterator

import msgspec

from frontline.configuration.locate import Path
from frontline.configuration.policy import Lane
from frontline.contract.ids import ChannelName, InboxId
from frontline.contract.subject import is_token


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Holds for the first message of a contact when everything that is said above the line is true of it;
    of several that hold, each gets its say in the order of the file: the first that names a lane or a
    policy decides on it, skills add up.

    `customers` are addresses, or domains with an `@` before them. `words` stand in the subject or the
    text, as whole words and in any case. `open` is whether `calendar` is open at that moment.
    """

    id: str
    channel: ChannelName | None = None
    inbox: InboxId | None = None
    customers: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    calendar: str | None = None
    open: bool = True
    lane: Lane | None = None
    skills: tuple[str, ...] = ()
    policy: str | None = None

    @property
    def asks(self) -> bool:
        """Whether it holds for some messages and not for others."""
        return any((self.channel, self.inbox, self.customers, self.languages, self.words, self.calendar))

    @property
    def says(self) -> bool:
        return any((self.lane, self.skills, self.policy))


def rule_breaches(rule: Rule) -> Iterator[tuple[Path, str]]:
    """What is wrong with one rule by itself."""
    if not is_token(rule.id):
        yield ("id",), f"id {rule.id!r} must be of lower-case letters, digits and hyphens"
    if not rule.asks:
        yield ("id",), f"rule {rule.id!r} asks nothing: it would hold for every message"
    if not rule.says:
        yield ("id",), f"rule {rule.id!r} says nothing: name a lane, skills or a policy"
    for key in ("customers", "languages", "words", "skills"):
        for index, word in enumerate(getattr(rule, key)):
            if not word.strip() or word != word.strip():
                yield (key, index), f"{key} must not hold empty or padded words"
    for index, customer in enumerate(rule.customers):
        if customer.startswith("@") and "." not in customer:
            yield ("customers", index), f"{customer!r} is no domain"
