"""Bugs on purpose in what people can do: promise, merge, write first, change the rota and the configuration."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from router.core import decide_rota, evolve, sla, sla_bounced, sla_clock
from router.core.contact import Contact
from router.core.event import DeskDecision
from router.core.event_people import ConfigChanged
from router.core.state import DeskState
from router.core.term import NEXT_RESPONSE, Term

Patch = Any


def forget_a_promise() -> list[Patch]:
    return [mock.patch.object(sla, "promised", return_value=[])]


def forget_the_next_response() -> list[Patch]:
    heard = sla.heard

    def without(*given: Any) -> list[DeskDecision]:
        return [event for event in heard(*given) if getattr(event, "target", "") != NEXT_RESPONSE]

    return [mock.patch.object(sla, "heard", without)]


def leave_the_resolution_ended_when_a_contact_is_reopened() -> list[Patch]:
    return [mock.patch.object(sla, "unresolved", return_value=[])]


def take_what_did_not_arrive_for_an_answer() -> list[Patch]:
    return [mock.patch.object(sla_bounced, "bounced", return_value=[])]


def let_the_clocks_of_what_is_merged_run() -> list[Patch]:
    return [mock.patch.object(sla, "stopped", return_value=[])]


def take_our_first_word_for_an_answer() -> list[Patch]:
    heard = sla.heard

    def as_asked(state: DeskState, contact: Contact, at: datetime) -> list[DeskDecision]:
        ours, contact.ours = contact.ours, False
        try:
            return heard(state, contact, at)
        finally:
            contact.ours = ours

    return [mock.patch.object(sla, "heard", as_asked)]


def warn_as_if_a_clock_that_goes_on_began_there() -> list[Patch]:
    warnings = sla_clock._warnings

    def anew(term: Term, within: timedelta, fractions: Iterable[float], _used: timedelta, at: datetime) -> Any:
        return warnings(term, within, fractions, timedelta(0), at)

    return [mock.patch.object(sla_clock, "_warnings", anew)]


def miss_the_next_shift() -> list[Patch]:
    return [mock.patch.object(decide_rota, "next_change", return_value=None)]


def keep_the_capacity_of_yesterday() -> list[Patch]:
    configure = evolve._STEPS[ConfigChanged]

    def keep(state: DeskState, event: Any) -> None:
        before = {agent.id: agent.capacity for agent in state.agents.values()}
        configure(state, event)
        for agent in state.agents.values():
            agent.capacity = before.get(agent.id, agent.capacity)

    return [mock.patch.dict(evolve._STEPS, {ConfigChanged: keep})]


BUGS = (
    forget_a_promise,
    forget_the_next_response,
    leave_the_resolution_ended_when_a_contact_is_reopened,
    take_what_did_not_arrive_for_an_answer,
    let_the_clocks_of_what_is_merged_run,
    take_our_first_word_for_an_answer,
    warn_as_if_a_clock_that_goes_on_began_there,
    miss_the_next_shift,
    keep_the_capacity_of_yesterday,
)
