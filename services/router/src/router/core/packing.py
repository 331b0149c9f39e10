"""A contact as a parcel, and the clocks of one again. Looks, never touches."""

from frontline.contract.ids import AgentId, DeskId
from router.core import sla_clock, waiting
from router.core.calendar import calendars
from router.core.clock import Clock
from router.core.contact import Contact
from router.core.desk_settings import DeskSettings
from router.core.parcel import CarriedClock, CarriedTerm, Guest, Parcel
from router.core.state import DeskState
from router.core.term import FOLLOW_UP, Term
from router.core.trail import gone_on

REPLIES_CARRIED = 500
"""The latest. One of those before can't turn out any more to have been no answer."""


def packed(state: DeskState, contact: Contact, to: DeskId, by: AgentId) -> Parcel:
    numbers: dict[Term, int] = {}
    former = [clock.former for clock in contact.clocks if clock.former is not None]
    clocks = (
        *(_carried_clock(clock, numbers) for clock in contact.clocks),
        *(_carried_clock(clock, numbers, former=True) for clock in former),
    )
    return Parcel(
        contact=contact.id,
        home=state.desk,
        by=by,
        moves=contact.moves + 1,
        trail=gone_on(contact.trail, state.desk, to),
        customer=contact.customer,
        others=contact.others,
        lane=contact.lane,
        guest=_guest(state, contact),
        skills=contact.skills,
        policy=contact.policy,
        live=contact.live and not contact.left,
        ours=contact.ours,
        linked_to=contact.linked_to,
        offers=contact.offers,
        replies=contact.replies[-REPLIES_CARRIED:],
        terms=tuple(carried_term(term) for term in numbers),
        clocks=clocks,
        reached=tuple((each.target, each.rule) for each in state.escalating.get(contact.id, ())),
        checked_in=state.check_ins.done.get(contact.id, ()),
    )


def unpacked(state: DeskState, parcel: Parcel) -> tuple[Clock, ...]:
    """The clocks as they were, each under its own term: those of the settings here are shared where they are the same."""
    terms = [_term(state, term, parcel.lane) for term in parcel.terms]
    found: dict[str, Clock] = {}
    for carried in parcel.clocks:
        term = terms[carried.term]
        clock = Clock(
            target=term.target,
            term=term,
            started_at=carried.started_at,
            due_at=carried.due_at,
            warnings=carried.warnings,
            pauses=carried.pauses,
            breached=carried.breached,
            end=carried.end,
            met_by=carried.met_by,
            warned=carried.warned,
        )
        if carried.former:
            found[term.target].former = clock
        else:
            found[term.target] = clock
    return tuple(found.values())


def carried_term(term: Term) -> CarriedTerm:
    return CarriedTerm(**term.dump())


def _guest(state: DeskState, contact: Contact) -> Guest:
    """What the contact's inbox is here, so that a contact goes on to a third desk as it came from the first."""
    known = state.guests.get((contact.channel, contact.inbox))
    inbox = waiting.inbox_of(state, contact)
    policies = [policy for policy in state.settings.policies if policy.id == state.policy(contact)]
    if known is not None and not policies:
        return known
    names = {policy.calendar for policy in policies}
    used = [calendar for calendar in state.settings.calendars if calendar.id in names]
    return Guest(inbox=inbox, policies=tuple(policies), calendars=tuple(used))


def _carried_clock(clock: Clock, numbers: dict[Term, int], *, former: bool = False) -> CarriedClock:
    counted = sla_clock.counted(clock)
    return CarriedClock(
        term=numbers.setdefault(clock.term, len(numbers)),
        started_at=clock.started_at,
        due_at=clock.due_at,
        warnings=clock.warnings,
        pauses=clock.pauses,
        breached=clock.breached,
        end=clock.end,
        met_by=clock.met_by,
        former=former,
        warned=clock.warned,
        intervals=counted.intervals,
        rest=counted.rest,
    )


def _term(state: DeskState, carried: CarriedTerm, lane: str) -> Term:
    here = state.terms.get((carried.policy, carried.target, lane))
    if carried.target == FOLLOW_UP and here is None:
        here = state.unpromised
    if here is not None and carried_term(here) == carried:
        return here
    made = calendars(DeskSettings(version=0, calendars=(carried.calendar,) if carried.calendar else ()))
    fields = {name: getattr(carried, name) for name in CarriedTerm.__struct_fields__}
    return Term(**fields | {"calendar": made[carried.calendar_name]})
