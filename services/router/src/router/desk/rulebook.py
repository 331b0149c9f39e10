"""Which routing rules hold for a message. Pure: only their ids go on to the desk, no word of the customer's."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from frontline.configuration.rule import Rule
from frontline.contract.message import InboundMessage
from router.core.calendar import Calendar

MOST_TEXT = 100_000
"""Characters of a message that are looked through for words."""

_MOMENT = timedelta(milliseconds=1)


class Rulebook:
    """Of one desk. Words are looked for all at once, however many rules have some."""

    def __init__(self, rules: Sequence[Rule], calendars: Mapping[str, Calendar]) -> None:
        self._rules = rules
        self._calendars = calendars
        words = sorted({word.casefold() for rule in rules for word in rule.words}, key=len, reverse=True)
        # Looking ahead, so that a word in another word's beginning is found, too.
        parts = "|".join(re.escape(word) for word in words)
        self._words = re.compile(rf"(?<!\w)(?:{parts})(?!\w)") if words else None
        self._several = {word for word in words if any(word != other and word in other for other in words)}

    def holding(self, message: InboundMessage, at: datetime) -> tuple[str, ...]:
        """The ids of the rules that hold, in their order."""
        if not self._rules:
            return ()
        said = self._said(message)
        return tuple(rule.id for rule in self._rules if self._holds(rule, message, said, at))

    def _holds(self, rule: Rule, message: InboundMessage, said: frozenset[str], at: datetime) -> bool:
        if rule.channel not in (None, message.channel) or rule.inbox not in (None, message.inbox):
            return False
        if rule.customers and not _is_one_of(message.sender.address.casefold(), rule.customers):
            return False
        if rule.languages and not _speaks(message.language.casefold(), rule.languages):
            return False
        if rule.words and said.isdisjoint(word.casefold() for word in rule.words):
            return False
        return rule.calendar is None or self._is_open(rule.calendar, at) == rule.open

    def _said(self, message: InboundMessage) -> frozenset[str]:
        """Those of all the rules' words that stand in the message."""
        if self._words is None:
            return frozenset()
        text = f"{message.subject}\n{message.reply_text or message.text}"[:MOST_TEXT].casefold()
        found = set(self._words.findall(text))
        found.update(word for word in self._several if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text))
        return frozenset(found)

    def _is_open(self, name: str, at: datetime) -> bool:
        calendar = self._calendars.get(name)
        return calendar is not None and calendar.elapsed(at, at + _MOMENT) > timedelta(0)


def _is_one_of(address: str, customers: Sequence[str]) -> bool:
    domain = "@" + address.rpartition("@")[2]
    return any(customer.casefold() in (address, domain) for customer in customers)


def _speaks(language: str, wanted: Sequence[str]) -> bool:
    return any(language == each.casefold() or language.startswith(each.casefold() + "-") for each in wanted)
