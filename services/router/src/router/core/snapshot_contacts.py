"""Contacts as columns, many at a time: each field once for all of them, and but once where all have the same.

To read a million of them is what a takeover costs. So most of it is done for a whole column, and values that
many have are made once; that also spares memory afterwards.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice, repeat
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec

from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, InboxId, MessageId, OfferId
from router.core.clock import Clock, Pause
from router.core.contact import Contact, Offer
from router.core.need import Need
from router.core.overlay import Position
from router.core.parcel import Trail
from router.core.queue import Line
from router.core.term import Term

T = TypeVar("T")
U = TypeVar("U")

_FEW = 256
"""As many as a byte can name."""

_WORDS = frozenset({"channel", "inbox", "lane", "phase", "policy"})
"""Columns whose values are the same few in all blocks."""


class Column(msgspec.Struct, Generic[T], array_like=True, frozen=True):
    """One field, in the order of those who have it. A single value is that of all; with `places` each has the one
    that its byte names; else each has its own.
    """

    values: list[T]
    places: bytes | None = None

    def spread(self, size: int) -> Iterable[T]:
        """The values of all `size`. Raises `ValueError` or `IndexError` for a column that isn't one of so many."""
        if self.places is not None:
            if len(self.places) != size:
                raise ValueError("a column of another length")
            return list(map(self.values.__getitem__, self.places))
        if len(self.values) == 1:
            return repeat(self.values[0], size)
        if len(self.values) != size:
            raise ValueError("a column of another length")
        return self.values

    def of(self, what: Callable[[T], U]) -> "Column[U]":
        """What belongs to each value, looked up once for all who have it."""
        return Column(list(map(what, self.values)), self.places)


class OfferRow(msgspec.Struct, array_like=True, frozen=True):
    id: OfferId
    agent: AgentId
    rule: str
    expires_at: datetime


class ClockColumns(msgspec.Struct, array_like=True, frozen=True):
    """`term` is its number in the head; `fractions` and `warnings` are one thing, as the former are always the same.
    `former` are the clocks before those of which `follows` says that there was one. Snapshots of former versions
    say nothing of `warned`.
    """

    size: int
    term: Column[int]
    started_at: Column[datetime]
    due_at: Column[datetime]
    fractions: Column[tuple[float, ...]]
    warnings: Column[tuple[datetime, ...]]
    pauses: Column[tuple[Pause, ...]]
    breached: Column[bool]
    end: Column[str]
    met_by: Column[MessageId | None]
    follows: Column[bool]
    former: "ClockColumns | None"
    warned: Column[float] | None = None


class ContactColumns(msgspec.Struct, array_like=True, frozen=True):
    """`clocks` is how many clocks each has, whose columns are `running`."""

    size: int
    running: ClockColumns
    id: Column[ContactId]
    channel: Column[ChannelName]
    inbox: Column[InboxId]
    customer: Column[CustomerId]
    lane: Column[str]
    need: Column[Need]
    arrival: Column[int]
    phase: Column[str]
    front: Column[bool]
    agent: Column[AgentId | None]
    last_agent: Column[AgentId | None]
    linked_to: Column[ContactId | None]
    others: Column[tuple[CustomerId, ...]]
    clocks: Column[int]
    replies: Column[tuple[tuple[MessageId, datetime], ...]]
    offer_for: Column[timedelta | None]
    offer: Column[OfferRow | None]
    offers: Column[int]
    round: Column[int]
    asked: Column[tuple[AgentId, ...]]
    policy: Column[str]
    skills: Column[tuple[str, ...]]
    live: Column[bool]
    left: Column[bool]
    sticky: Column[AgentId | None]
    since: Column[datetime | None]
    ring: Column[int]
    aged: Column[int]
    alarmed: Column[bool]
    moment: Column[datetime | None]
    merged_into: Column[ContactId | None]
    ours: Column[bool]
    bound_for: Column[DeskId | None]
    last_sender: Column[AgentId | None]
    moves: Column[int]
    trail: Column[Trail]
    moved: Column[Position]


_NAMES = ContactColumns.__struct_fields__[2:]
_target = attrgetter("target")
_values = attrgetter(*("line.need" if name == "need" else name for name in _NAMES))


def packed(contacts: Sequence[Contact], numbers: dict[Term, int]) -> ContactColumns:
    """`numbers` has the terms of all their clocks."""
    values: dict[str, Sequence[Any]] = dict(zip(_NAMES, zip(*map(_values, contacts), strict=True), strict=True))
    running = [clock for clocks in values["clocks"] for clock in clocks]
    values["clocks"] = [len(clocks) for clocks in values["clocks"]]
    values["offer"] = [None if offer is None else _offer_row(offer) for offer in values["offer"]]
    return ContactColumns(
        len(contacts), _packed_clocks(running, numbers), **{name: _column(of) for name, of in values.items()}
    )


def unpacked(
    columns: ContactColumns, terms: Sequence[Term], line: Callable[[Need], Line], word: Callable[[str], str]
) -> list[Contact]:
    """The contacts, of which nothing is armed, offered or placed yet. Raises `ValueError` or `IndexError` for what
    are no columns of contacts.
    """
    clocks = iter(_unpacked_clocks(columns.running, terms))
    size = columns.size
    made: dict[str, Iterable[Any]] = {
        "line": columns.need.of(line).spread(size),
        "place": repeat(None),
        "clocks": [tuple(islice(clocks, count)) for count in columns.clocks.spread(size)],
        "offer": repeat(None),
        "moment": repeat(None),
    }
    for name in _WORDS:
        made[name] = getattr(columns, name).of(word).spread(size)
    for name in Contact.__struct_fields__:
        if name not in made:
            made[name] = getattr(columns, name).spread(size)
    return list(map(Contact, *(made[name] for name in Contact.__struct_fields__)))


def given(column: Column[T | None], to: Sequence[U]) -> Iterable[tuple[U, T]]:
    """Those of `to` who have a value, and which, where most have none."""
    if column.values == [None]:
        return ()
    return ((each, value) for each, value in zip(to, column.spread(len(to)), strict=True) if value is not None)


def _column(values: Sequence[T]) -> Column[T]:
    if not values or values.count(values[0]) == len(values):
        return Column(list(values[:1]))
    few = dict.fromkeys(values)
    if len(few) > _FEW or len(few) == len(values):
        return Column(list(values))
    numbers = {value: number for number, value in enumerate(few)}
    return Column(list(few), bytes([numbers[value] for value in values]))


def _offer_row(offer: Offer) -> OfferRow:
    return OfferRow(offer.id, offer.agent, offer.rule, offer.expires_at)


def _packed_clocks(clocks: Sequence[Clock], numbers: dict[Term, int]) -> ClockColumns:
    former = [clock.former for clock in clocks if clock.former is not None]
    return ClockColumns(
        len(clocks),
        _column([numbers[clock.term] for clock in clocks]),
        _column([clock.started_at for clock in clocks]),
        _column([clock.due_at for clock in clocks]),
        _column([tuple([fraction for fraction, _ in clock.warnings]) for clock in clocks]),
        _column([tuple([at for _, at in clock.warnings]) for clock in clocks]),
        _column([clock.pauses for clock in clocks]),
        _column([clock.breached for clock in clocks]),
        _column([clock.end for clock in clocks]),
        _column([clock.met_by for clock in clocks]),
        _column([clock.former is not None for clock in clocks]),
        _packed_clocks(former, numbers) if former else None,
        _column([clock.warned for clock in clocks]),
    )


def _unpacked_clocks(columns: ClockColumns, terms: Sequence[Term]) -> Iterator[Clock]:
    size = columns.size
    term = columns.term.of(terms.__getitem__)
    warnings = zip(columns.fractions.spread(size), columns.warnings.spread(size), strict=False)
    former = iter(()) if columns.former is None else _unpacked_clocks(columns.former, terms)
    return map(
        Clock,
        term.of(_target).spread(size),
        term.spread(size),
        columns.started_at.spread(size),
        columns.due_at.spread(size),
        [tuple(zip(fractions, instants, strict=False)) for fractions, instants in warnings],
        columns.pauses.spread(size),
        columns.breached.spread(size),
        columns.end.spread(size),
        columns.met_by.spread(size),
        repeat(None),
        [next(former, None) if follows else None for follows in columns.follows.spread(size)],
        repeat(0.0) if columns.warned is None else columns.warned.spread(size),
    )
