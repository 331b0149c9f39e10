"""How long live contacts take, as the desk has seen it: small figures that forget slowly.

A part of the state: changed by `evolve` only, by what events say, so that a replay gives the same
figures to the last bit (sums and products of IEEE 754 doubles, always in the same order).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from frontline.contract.ids import ChannelName, ContactId, InboxId

Key = tuple[ChannelName, InboxId]

_KEEPS = 0.99
"""Of the weight of all before, at each new one: what counts are the latest hundred, about."""

_CHANNEL_WEIGHT = 5.0
"""What the channel as a whole says about an inbox, in contacts: an inbox with more has its own word."""


class Expected(NamedTuple):
    """Seconds that something takes. `spread` is its variance over the square of its mean, `seen` how
    many the figures rest on; 0 means that they are what somebody supposed.
    """

    mean: float
    spread: float
    seen: float

    @property
    def doubt(self) -> float:
        """How far the mean itself may be off: its variance over its square."""
        return self.spread / (self.seen + 1)


@dataclass(slots=True)
class Decayed:
    """Mean and variance of a series in which each value weighs less than the next (West, 1979)."""

    weight: float = 0.0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        self.weight = self.weight * _KEEPS + 1.0
        off = value - self.mean
        self.mean += off / self.weight
        self.squares = self.squares * _KEEPS + off * (value - self.mean)

    def after(self, before: Expected, weight: float) -> Expected:
        """What to expect of one who expected `before`, and gave that the weight of so many values."""
        total = self.weight + weight
        mean = (self.mean * self.weight + before.mean * weight) / total
        off = (before.mean - self.mean) ** 2 * self.weight * weight / total
        variance = (self.squares + before.spread * before.mean**2 * weight + off) / total
        return Expected(mean, variance / mean**2 if mean > 0 else before.spread, self.weight)


class HandlingKept(NamedTuple):
    """All of the figures, for a snapshot."""

    held: tuple[tuple[ContactId, Key, datetime], ...]
    asked: tuple[tuple[ContactId, Key, datetime], ...]
    inboxes: tuple[tuple[Key, float, float, float], ...]
    channels: tuple[tuple[ChannelName, float, float, float], ...]
    rings: tuple[tuple[ChannelName, float, float, float], ...]


class Handling:
    """From when an agent has a contact until they have room again, by inbox and by channel; and from
    asking an agent until they accept.
    """

    __slots__ = ("_asked", "_channels", "_held", "_inboxes", "_rings")

    def __init__(self) -> None:
        self._held: dict[ContactId, tuple[Key, datetime]] = {}
        self._asked: dict[ContactId, tuple[Key, datetime]] = {}
        self._inboxes: dict[Key, Decayed] = {}
        self._channels: dict[ChannelName, Decayed] = {}
        self._rings: dict[ChannelName, Decayed] = {}

    def taken(self, contact: ContactId, key: Key, at: datetime) -> None:
        """An agent has the contact from now on."""
        self._held.setdefault(contact, (key, at))

    def done(self, contact: ContactId, at: datetime) -> None:
        """The agent has room again, as the contact has been dealt with."""
        held = self._held.pop(contact, None)
        if held is not None:
            key, since = held
            seconds = (at - since).total_seconds()
            self._inboxes.setdefault(key, Decayed()).add(seconds)
            self._channels.setdefault(key[0], Decayed()).add(seconds)

    def taken_away(self, contact: ContactId) -> None:
        """The agent does not have it any more, and nobody knows how long it would have taken."""
        self._held.pop(contact, None)

    def asked(self, contact: ContactId, key: Key, at: datetime) -> None:
        """The contact is offered to somebody; the first who is asked counts, until somebody accepts."""
        self._asked.setdefault(contact, (key, at))

    def accepted(self, contact: ContactId, at: datetime) -> None:
        asked = self._asked.pop(contact, None)
        if asked is not None:
            (channel, _), since = asked
            self._rings.setdefault(channel, Decayed()).add((at - since).total_seconds())

    def given_up(self, contact: ContactId) -> None:
        """Nobody is asked any more."""
        self._asked.pop(contact, None)

    def since(self, contact: ContactId) -> datetime | None:
        """When the agent who has it got it."""
        held = self._held.get(contact)
        return None if held is None else held[1]

    def of(self, key: Key, supposed: timedelta) -> Expected:
        """What a contact of this inbox takes. `supposed` counts as one contact that somebody saw."""
        prior = Expected(supposed.total_seconds(), 1.0, 0.0)
        channel = self._channels.get(key[0])
        if channel is None:
            return prior
        whole = channel.after(prior, 1.0)
        inbox = self._inboxes.get(key)
        if inbox is None:
            return Expected(whole.mean, whole.spread, min(whole.seen, _CHANNEL_WEIGHT))
        return inbox.after(whole, min(_CHANNEL_WEIGHT, channel.weight - inbox.weight + 1.0))

    def ring(self, channel: ChannelName, supposed: timedelta) -> float:
        """Seconds from asking the first agent until one accepts."""
        seen = self._rings.get(channel)
        prior = Expected(supposed.total_seconds(), 1.0, 0.0)
        return prior.mean if seen is None else seen.after(prior, 1.0).mean

    def keep(self) -> HandlingKept:
        return HandlingKept(
            tuple((contact, key, at) for contact, (key, at) in self._held.items()),
            tuple((contact, key, at) for contact, (key, at) in self._asked.items()),
            tuple((key, figure.weight, figure.mean, figure.squares) for key, figure in self._inboxes.items()),
            tuple((key, figure.weight, figure.mean, figure.squares) for key, figure in self._channels.items()),
            tuple((key, figure.weight, figure.mean, figure.squares) for key, figure in self._rings.items()),
        )

    @classmethod
    def kept(cls, kept: HandlingKept) -> "Handling":
        handling = cls()
        handling._held = {contact: (key, at) for contact, key, at in kept.held}
        handling._asked = {contact: (key, at) for contact, key, at in kept.asked}
        handling._inboxes = {key: Decayed(*figures) for key, *figures in kept.inboxes}
        handling._channels = {key: Decayed(*figures) for key, *figures in kept.channels}
        handling._rings = {key: Decayed(*figures) for key, *figures in kept.rings}
        return handling
