"""A desk's state as bytes, in blocks, and back: what a replay would give, without the replay.

A block is MessagePack. The first is the head; each further one has up to `CONTACTS_IN_BLOCK`
contacts, so that neither side ever holds the whole of it twice. What can be worked out again (lines,
crews, the heap of instants) is not written, and is there again when the last block was read: whoever leads then
has nothing left to make up for.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from router.core.calendar import calendars
from router.core.capacity import Agent
from router.core.check_in import CheckIn, CheckInsKept
from router.core.clock import Clock
from router.core.contact import WAITING, Offer
from router.core.desk_settings import DeskSettings
from router.core.handling import Handling
from router.core.holding import Holdings
from router.core.overlay import Overlay
from router.core.rota import Duty
from router.core.snapshot_contacts import ContactColumns, given, packed, unpacked
from router.core.snapshot_rows import AgentRow, Head, TermRow
from router.core.state import DeskState
from router.core.term import Term

FORMAT = 2
"""Of the blocks. A snapshot of another format is of no use; the log is."""

CONTACTS_IN_BLOCK = 500
"""As many as are read in a few milliseconds: whoever takes over may have other desks to lead meanwhile."""


class UnreadableSnapshot(Exception):
    """Not a snapshot, or one of another format."""


_encode = msgspec.msgpack.Encoder().encode
_decode_head = msgspec.msgpack.Decoder(Head).decode
_decode_contacts = msgspec.msgpack.Decoder(ContactColumns).decode


def save(state: DeskState) -> Iterator[bytes]:
    """The blocks, made one by one: the state must not change in between. What was restored of them is
    saved as the very same ones.
    """
    numbers: dict[Term, int] = {}
    for contact in state.contacts.values():
        for clock in contact.clocks:
            _number(clock, numbers)
    yield _encode(_head(state, numbers))
    contacts = iter(state.contacts.values())
    while block := list(islice(contacts, CONTACTS_IN_BLOCK)):
        yield _encode(packed(block, numbers))


class Restoration:
    """Makes a state of blocks as they come. Everything raises `UnreadableSnapshot`."""

    def __init__(self) -> None:
        self._contacts = 0
        self._state: DeskState | None = None
        self._terms: list[Term] = []

    def add(self, block: bytes) -> None:
        try:
            if self._state is None:
                self._begin(_decode_head(block))
            else:
                _keep(self._state, _decode_contacts(block), self._terms)
        except (msgspec.MsgspecError, ValueError, IndexError) as error:
            raise UnreadableSnapshot(type(error).__name__) from error

    def done(self) -> DeskState:
        """The state that was saved, once all blocks were added."""
        if self._state is None:
            raise UnreadableSnapshot("nothing in it")
        if len(self._state.contacts) != self._contacts:
            raise UnreadableSnapshot(f"{len(self._state.contacts)} contacts of {self._contacts}")
        return self._state

    def _begin(self, head: Head) -> None:
        if head.format != FORMAT:
            raise UnreadableSnapshot(f"format {head.format}, and this code reads {FORMAT}")
        self._contacts = head.contacts
        self._state = _state(head)
        self._terms = [_term(row, self._state) for row in head.terms]


def restore(blocks: Iterable[bytes]) -> DeskState:
    """The state that was saved. Raises `UnreadableSnapshot`."""
    restoration = Restoration()
    for block in blocks:
        restoration.add(block)
    return restoration.done()


def _number(clock: Clock, numbers: dict[Term, int]) -> None:
    numbers.setdefault(clock.term, len(numbers))
    if clock.former is not None:
        _number(clock.former, numbers)


def _head(state: DeskState, numbers: dict[Term, int]) -> Head:
    current = {term: place for place, term in state.terms.items()}
    current.setdefault(state.unpromised, ("", state.unpromised.target, ""))
    return Head(
        format=FORMAT,
        desk=state.desk,
        epoch=state.epoch,
        index=state.index,
        now=state.now,
        contacts=len(state.contacts),
        settings=state.settings,
        arrivals=state.arrivals,
        turns=state.turns,
        terms=tuple(_term_row(term, current.get(term)) for term in numbers),
        agents=tuple(_agent_row(agent) for agent in state.agents.values()),
        duty=(tuple(sorted(state.duty.agents)), tuple(sorted(state.duty.available))),
        duty_until=state.dues.duty,
        swaps=tuple(state.swaps.items()),
        overlay=state.overlay.keep(),
        outcomes=tuple(state.outcomes()),
        ended_offers=tuple(state.ended_offers()),
        leaving=tuple(state.leaving.items()),
        unanswering=tuple(sorted(state.unanswering)),
        handling=state.handling.keep(),
        taken=tuple(state.holdings.taken.items()),
        released=tuple(state.holdings.released.items()),
        check_ins=state.check_ins.keep(),
        escalating=tuple(state.escalating.items()),
        erased=tuple(sorted(state.erased)),
        successors=tuple(state.successors.items()),
        elsewhere=tuple(state.elsewhere.items()),
        guests=tuple(state.guests.values()),
        comings=state.overlay.comings(),
    )


def _state(head: Head) -> DeskState:
    """Everything but the contacts."""
    state = DeskState(head.desk)
    state.configure(head.settings)
    for guest in head.guests:
        state.welcome(guest)
    state.recall_gone(head.elsewhere)
    state.epoch, state.index, state.now = head.epoch, head.index, head.now
    state.arrivals, state.turns = head.arrivals, head.turns
    for row in head.agents:
        agent = state.agents[row.id] = _agent(row)
        state.dues.arm_availability(agent, row.until)
        state.dues.arm_grace(agent, row.back_by)
    state.matching.staff(agent for agent in state.agents.values() if not agent.gone)
    state.duty = Duty(*map(frozenset, head.duty))
    state.dues.arm_duty(head.duty_until)
    state.swaps = dict(head.swaps)
    state.overlay = Overlay.kept(head.overlay, head.comings)
    state.recall(head.outcomes, head.ended_offers)
    state.leaving = dict(head.leaving)
    state.unanswering = set(head.unanswering)
    state.handling = Handling.kept(head.handling)
    state.holdings = Holdings(head.taken, head.released)
    state.escalating = dict(head.escalating)
    _check_ins(state, head.check_ins)
    state.erased, state.successors = set(head.erased), dict(head.successors)
    return state


def _check_ins(state: DeskState, kept: CheckInsKept) -> None:
    for row in kept.armed:
        check_in = CheckIn(*row)
        state.check_ins.add(check_in)
        state.dues.arm_check_in(check_in)
    state.check_ins.wanted.update(kept.wanted)
    state.check_ins.done.update(kept.done)


def _term_row(term: Term, current: tuple[str, str, str] | None) -> TermRow:
    return TermRow(
        term.target,
        term.policy,
        term.version,
        term.calendar_name,
        term.calendar.settings,
        term.within,
        term.warn_at,
        term.pause_in,
        current,
        term.raises,
        term.escalations,
    )


def _term(row: TermRow, state: DeskState) -> Term:
    if row.current is not None:
        return state.terms.get(row.current) or state.unpromised
    made = calendars(DeskSettings(version=0, calendars=(row.calendar,) if row.calendar else ()))
    calendar = made[row.calendar_name]
    return Term(
        row.target,
        row.policy,
        row.version,
        row.calendar_name,
        calendar,
        row.within,
        row.warn_at,
        row.pause_in,
        row.raises,
        row.escalations,
    )


def _agent_row(agent: Agent) -> AgentRow:
    fields = {name: getattr(agent, name) for name in AgentRow.__struct_fields__}
    return AgentRow(
        **fields | {"skills": sorted(agent.skills), "held": tuple(agent.held), "offered": tuple(agent.offered)}
    )


def _agent(row: AgentRow) -> Agent:
    fields: dict[str, Any] = msgspec.structs.asdict(row)
    fields |= {
        "skills": frozenset(row.skills),
        "held": dict.fromkeys(row.held),
        "offered": dict.fromkeys(row.offered),
        "until": None,
        "back_by": None,
    }
    return Agent(**fields)


def _keep(state: DeskState, columns: ContactColumns, terms: list[Term]) -> None:
    contacts = unpacked(columns, terms, state.matching.line, state.words.__getitem__)
    state.contacts.update(zip(columns.id.spread(len(contacts)), contacts, strict=True))
    for contact, heir in given(columns.merged_into, contacts):
        state.absorbed.setdefault(heir, set()).add(contact.id)
    for contact in contacts:
        if contact.phase == WAITING:
            state.matching.join(contact)
    state.matching.place()
    state.dues.arm_clocks(contacts)
    for contact, row in given(columns.offer, contacts):
        contact.offer = offer = Offer(row.id, row.agent, state.words[row.rule], row.expires_at)
        state.offers[offer.id] = contact.id
        state.dues.arm_offer(contact, offer)
    for contact, moment in given(columns.moment, contacts):
        state.dues.arm_moment(contact, moment)
