"""What a list may be asked for, and that in SQL. Pure."""

import re
from typing import Any

import msgspec

from frontline.contract.ids import AgentId, ChannelName, CustomerId, DeskId
from router.index.row import State

_WORD = re.compile(r"\w+")
_MOST_WORDS = 16


SAME_PERSON = (
    "SELECT ? UNION SELECT b.person FROM person_address AS a JOIN person_address AS b ON b.address = a.address"
    " WHERE a.person = ?"
)
"""The ids of a customer and of all who proved to have one of the same addresses; takes the customer's id twice."""


class ContactQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Contacts of one desk, youngest first, behind `before` (an ordinal). Empty means: any."""

    desk: DeskId
    states: tuple[State, ...] = ()
    channel: ChannelName | None = None
    agent: AgentId | None = None
    customer: CustomerId | None = None
    lane: str | None = None
    words: str = ""
    before: int | None = None
    limit: int = 50

    @property
    def direct(self) -> bool:
        """Whether one index gives the page as it is, without looking at more rows than are on it."""
        filters = [bool(self.states), self.agent is not None, self.customer is not None]
        others = (self.words, self.channel, self.lane)
        return sum(filters) <= 1 and len(self.states) <= 1 and not any(others)


def match_expression(words: str) -> str:
    """What a person typed as an FTS5 expression: all words, the last one as a beginning. Nothing that
    they type is an operator. Empty when there is no word in it.
    """
    found = _WORD.findall(words)[:_MOST_WORDS]
    return " ".join(f'"{word}"' for word in found) + "*" if found else ""


def where(query: ContactQuery) -> tuple[str, list[Any]]:
    """The condition on `contact AS c` and its parameters."""
    terms = ["c.desk = ?", "c.moved_to IS NULL"]
    values: list[Any] = [query.desk]
    if query.states:
        terms.append(f"c.state IN ({', '.join('?' * len(query.states))})")
        values.extend(query.states)
    if query.customer is not None:
        terms.append(f"c.customer IN ({SAME_PERSON})")
        values += [query.customer, query.customer]
    for column in ("channel", "agent", "lane"):
        value = getattr(query, column)
        if value is not None:
            terms.append(f"c.{column} = ?")
            values.append(value)
    if query.words:
        match = match_expression(query.words)
        found = ["c.id = ?"]
        values.append(query.words.strip())
        if match:
            found += [
                "c.id IN (SELECT i.contact FROM words AS w JOIN item AS i ON i.seq = w.rowid WHERE words MATCH ?)",
                "c.customer IN (SELECT p.id FROM person_words AS n JOIN person AS p ON p.number = n.rowid WHERE person_words MATCH ?)",
            ]
            values += [match, match]
        terms.append(f"({' OR '.join(found)})")
    if query.before is not None:
        terms.append("c.ordinal < ?")
        values.append(query.before)
    return " AND ".join(terms), values
