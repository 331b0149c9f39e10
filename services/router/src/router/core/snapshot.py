"""A desk's state as bytes, in blocks, and back: what a replay would give, without the replay.

A block is MessagePack. The first is the head; each further one has up to `CONTACTS_IN_BLOCK`
contacts, so that neither side ever holds the whole of it twice. What can be worked out again (lines,
crews, the heap of instants) is not written.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from frontline.contract.ids import ChannelName, InboxId
from router.core.calendar import calendars
from router.core.capacity import Agent
from router.core.check_in import CheckIn, CheckInsKept
from router.core.clock import Clock
from router.core.contact import NEVER, OFFERED, WAITING, Contact, Offer
from router.core.desk_settings import DeskSettings
from router.core.handling import Handling
from router.core.holding import Holdings
from router.core.overlay import Overlay
from router.core.rota import Duty
from router.core.snapshot_rows import AgentRow, ClockRow, ContactRow, Head, OfferRow, TermRow
from router.core.state import DeskState
from router.core.term import Term

FORMAT = 1
"""Of the blocks. A snapshot of another format is of no use; the log is."""

CONTACTS_IN_BLOCK = 2_000


class UnreadableSnapshot(Exception):
    """Not a snapshot, or one of another format."""


_encode = msgspec.msgpack.Encoder().encode
_decode_head = msgspec.msgpack.Decoder(Head).decode
_decode_contacts = msgspec.msgpack.Decoder(list[ContactRow]).decode


def save(state: DeskState) -> Iterator[bytes]:
    """The blocks, made one by one: the state must not change in between. What was restored of them is
    saved as the very same ones.
    """
    numbers: dict[Term, int] = {}
    for contact in state.contacts.values():
        for clock in contact.clocks:
            _number(clock, numbers)
    yield _encode(_head(state, numbers))
    block: list[ContactRow] = []
    for contact in state.contacts.values():
        block.append(_contact_row(contact, numbers))
        if len(block) == CONTACTS_IN_BLOCK:
            yield _encode(block)
            block = []
    if block:
        yield _encode(block)


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
                for row in _decode_contacts(block):
                    _keep(self._state, row, self._terms)
        except msgspec.MsgspecError as error:
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
    state.overlay = Overlay.kept(head.overlay)
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


def _contact_row(contact: Contact, numbers: dict[Term, int]) -> ContactRow:
    offer = contact.offer
    return ContactRow(
        contact.id,
        contact.channel,
        contact.inbox,
        contact.customer,
        contact.lane,
        contact.line.need,
        contact.arrival,
        contact.phase,
        contact.front,
        contact.agent,
        contact.last_agent,
        contact.linked_to,
        contact.others,
        tuple(_clock_row(clock, numbers) for clock in contact.clocks),
        contact.replies,
        contact.offer_for,
        None if offer is None else OfferRow(offer.id, offer.agent, offer.rule, offer.expires_at),
        contact.offers,
        contact.round,
        contact.asked,
        contact.policy,
        contact.skills,
        contact.live,
        contact.left,
        contact.sticky,
        contact.since,
        contact.ring,
        contact.aged,
        contact.alarmed,
        contact.moment,
        contact.merged_into,
        contact.ours,
        contact.bound_for,
        contact.last_sender,
        contact.moves,
        contact.trail,
        contact.moved,
    )


def _clock_row(clock: Clock, numbers: dict[Term, int]) -> ClockRow:
    return ClockRow(
        clock.target,
        numbers[clock.term],
        clock.started_at,
        clock.due_at,
        clock.warnings,
        clock.pauses,
        clock.breached,
        clock.end,
        clock.met_by,
        None if clock.former is None else _clock_row(clock.former, numbers),
    )


def _keep(state: DeskState, row: ContactRow, terms: list[Term]) -> None:
    word = state.word
    contact = Contact(
        row.id,
        ChannelName(word(row.channel)),
        InboxId(word(row.inbox)),
        row.customer,
        word(row.lane),
        state.matching.line(row.need),
        row.arrival,
        word(row.phase),
        row.front,
        row.agent,
        row.last_agent,
        row.linked_to,
        row.others,
        tuple(_clock(clock, terms) for clock in row.clocks),
        row.replies,
        None,
        row.offer_for,
        None,
        row.offers,
        row.round,
        row.asked,
        word(row.policy),
        row.skills,
        row.live,
        row.left,
        row.sticky,
        row.since,
        row.ring,
        row.aged,
        row.alarmed,
        None,
        row.merged_into,
        row.ours,
        row.bound_for,
        row.last_sender,
        row.moves,
        row.trail,
        row.moved if row.moved != NEVER else NEVER,
    )
    state.contacts[contact.id] = contact
    if contact.merged_into is not None:
        state.absorbed.setdefault(contact.merged_into, set()).add(contact.id)
    if contact.phase == WAITING:
        state.matching.join(contact)
    elif contact.phase == OFFERED and row.offer is not None:
        contact.offer = Offer(row.offer.id, row.offer.agent, word(row.offer.rule), row.offer.expires_at)
        state.offers[contact.offer.id] = contact.id
        state.dues.arm_offer(contact, contact.offer)
    for clock in contact.clocks:
        if not (clock.end or clock.breached):
            state.dues.arm_clock(contact, clock)
    if row.moment is not None:
        state.dues.arm_moment(contact, row.moment)


def _clock(row: ClockRow, terms: list[Term]) -> Clock:
    term = terms[row.term]
    return Clock(
        term.target,
        term,
        row.started_at,
        row.due_at,
        row.warnings,
        row.pauses,
        row.breached,
        row.end,
        row.met_by,
        None,
        None if row.former is None else _clock(row.former, terms),
    )
