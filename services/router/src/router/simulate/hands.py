"""What an agent does with what the desk gives them: speaks with those who are there, and writes to the
others one after another in between. Pure.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from frontline.contract.ids import ContactId


@dataclass(slots=True, eq=False)
class Hands:
    """`live` are the contacts with somebody at the other end; `letters` those to be written to, the one in
    work first. `begun` is when work on that went on last, `None` while it rests.
    """

    there: bool = False
    live: set[ContactId] = field(default_factory=set)
    letters: deque[ContactId] = field(default_factory=deque)
    left: dict[ContactId, timedelta] = field(default_factory=dict)
    begun: datetime | None = None
    turn: int = 0
    """Grows each time that the work in hand changes: what was to end then does not any more."""
    since: datetime | None = None
    """Up to when presence and business are counted."""

    @property
    def busy(self) -> bool:
        return bool(self.live) or self.begun is not None

    def take(self, contact: ContactId, takes: timedelta, *, live: bool) -> None:
        self.left.setdefault(contact, takes)
        if live:
            self.live.add(contact)
        elif contact not in self.letters:
            self.letters.append(contact)

    def drop(self, contact: ContactId, now: datetime) -> timedelta:
        """They do not have it any more; gives what is left to do."""
        if self.letters and self.letters[0] == contact:
            self.rest(now)
        self.live.discard(contact)
        if contact in self.letters:
            self.letters.remove(contact)
        return self.left.pop(contact, timedelta(0))

    def rest(self, now: datetime) -> None:
        """Put the pen down."""
        if self.begun is not None:
            self.left[self.letters[0]] -= now - self.begun
            self.begun = None
            self.turn += 1

    def write(self, now: datetime) -> datetime | None:
        """Go on with the letter in hand, if there is time for it; gives when it will be done."""
        if self.live or not self.there:
            self.rest(now)
            return None
        if self.begun is not None or not self.letters:
            return None
        self.begun = now
        self.turn += 1
        return now + self.left[self.letters[0]]
