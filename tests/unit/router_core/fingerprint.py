"""All that a desk has decided, as bytes: equal for equal states, whichever way they came about."""

from typing import Any

import msgspec

from router.core.capacity import Agent
from router.core.clock import Clock
from router.core.contact import Contact
from router.core.state import DeskState
from router.core.term import Term


def fingerprint(state: DeskState) -> bytes:
    used: dict[Term, int] = {}
    contacts = [_contact(contact, used) for _, contact in sorted(state.contacts.items())]
    handling, overlay, check_ins = state.handling.keep(), state.overlay.keep(), state.check_ins.keep()
    return msgspec.json.encode(
        {
            "desk": state.desk,
            "epoch": state.epoch,
            "index": state.index,
            "now": state.now,
            "settings": state.settings,
            "holdings": [sorted(state.holdings.taken.items()), sorted(state.holdings.released.items())],
            "arrivals": state.arrivals,
            "turns": state.turns,
            "contacts": contacts,
            "terms": [term.dump() for term in used],
            "agents": [_agent(agent) for _, agent in sorted(state.agents.items())],
            "duty": [sorted(state.duty.agents), sorted(state.duty.available), state.dues.duty],
            "swaps": sorted((shift, day, swaps) for (shift, day), swaps in state.swaps.items()),
            "handling": [sorted(each) for each in handling],
            "overlay": [overlay.floor, sorted(overlay.placements), sorted(overlay.threads)],
            "comings": sorted(state.overlay.comings()),
            "elsewhere": sorted(state.elsewhere.items()),
            "guests": list(state.guests.values()),
            "outcomes": state.outcomes(),
            "ended_offers": state.ended_offers(),
            "escalating": list(state.escalating.items()),
            "check_ins": [sorted(check_ins.armed), check_ins.wanted, sorted(check_ins.done)],
            "erased": sorted(state.erased),
            "successors": sorted(state.successors.items()),
        }
    )


def _contact(contact: Contact, used: dict[Term, int]) -> dict[str, Any]:
    fields = {name: getattr(contact, name) for name in Contact.__struct_fields__ if name not in {"line", "place"}}
    fields["clocks"] = [_clock(clock, used) for clock in contact.clocks]
    return fields | {"need": contact.line.need}


def _clock(clock: Clock, used: dict[Term, int]) -> dict[str, Any]:
    """Everything about it; its term by a number, under which `used` has it."""
    fields = {name: getattr(clock, name) for name in Clock.__struct_fields__}
    former = None if clock.former is None else _clock(clock.former, used)
    return fields | {"term": used.setdefault(clock.term, len(used)), "former": former}


def _agent(agent: Agent) -> dict[str, Any]:
    fields = {name: getattr(agent, name) for name in Agent.__slots__}
    return fields | {"skills": sorted(agent.skills), "held": list(agent.held), "offered": list(agent.offered)}
