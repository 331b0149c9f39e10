"""Bugs on purpose in what only some seeds do (`acts.py`): each shows in seeds that do just that."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import msgspec

from frontline.contract.ids import ContactId, MessageId
from frontline.runtime.bus import Bus
from frontline.runtime.delivery import Delivery
from frontline.runtime.erasing import erase
from frontline.runtime.reader import Stored, read
from frontline.runtime.topology import DRAFTS, TRANSCRIPT_PUBLIC
from router.core import evolve, evolve_check_in, evolve_escalation, sla, sla_bounced, sla_clock
from router.core.clock import Clock
from router.core.contact import RESOLVED, Contact
from router.core.escalation import BREACH
from router.core.event import DeskDecision
from router.core.event_clock import ClockRebased, ClockStarted
from router.core.event_escalation import Escalated
from router.core.event_move import MessagesTaken
from router.core.event_people import ConfigChanged
from router.core.state import DeskState
from router.core.term import Term
from router.desk import erasing_contacts, moving
from router.desk.effects import Effects
from router.desk.moving import Moves
from router.desk.opt_out import OptOuts
from tests.simulation.desk.carrier import FarEnd

Patch = Any


def lose_the_last_line_that_is_moved() -> list[Patch]:
    return [
        _carried_out(lambda event: msgspec.structs.replace(event, items=event.items[:-1]) if event.items[1:] else event)
    ]


def show_a_moved_line_in_both_contacts() -> list[Patch]:
    return [_carried_out(lambda event: msgspec.structs.replace(event, items=tuple(map(_as_never_moved, event.items))))]


def believe_a_replica_that_is_behind() -> list[Patch]:
    async def believing(bus: Bus, stream: str, subject: str) -> list[Stored]:
        return [item async for item in read(bus, stream, subject)]

    return [mock.patch.object(moving, "read_whole", believing)]


def leave_the_keys_of_what_is_moved() -> list[Patch]:
    carry_out = Effects._carry_out

    async def without(self: Effects, event: DeskDecision, seq: int) -> Any:
        if isinstance(event, MessagesTaken):
            items = tuple(msgspec.structs.replace(item, binds=()) for item in event.items)
            event = msgspec.structs.replace(event, items=items)
        return await carry_out(self, event, seq)

    return [mock.patch.object(Effects, "_carry_out", without)]


def escalate_again_after_a_takeover() -> list[Patch]:
    done = evolve._STEPS[Escalated]
    again: set[tuple[int, int, str, str]] = set()

    def escalated(state: DeskState, event: Escalated) -> None:
        asked = state.escalating[event.contact]
        done(state, event)
        this = (id(state), state.epoch, event.contact, event.target)
        if state.index < 4 and this not in again:  # of the first that a leader decides
            again.add(this)
            state.escalating[event.contact] = asked

    return [mock.patch.dict(evolve._STEPS, {Escalated: escalated})]


def forget_to_escalate_a_breach() -> list[Patch]:
    reached = evolve_escalation.reached

    def without(state: DeskState, contact: Contact, clock: Clock, fraction: float) -> None:
        if fraction != BREACH:
            reached(state, contact, clock, fraction)

    return [mock.patch.object(evolve_escalation, "reached", without)]


def have_clocks_follow_the_new_policy() -> list[Patch]:
    configure = evolve._STEPS[ConfigChanged]

    def follow(state: DeskState, event: Any) -> None:
        configure(state, event)
        for contact in state.contacts.values():
            for clock in contact.clocks:
                term = state.term(contact, clock.target)
                if clock.running and not clock.paused and not clock.warnings and term is not None:
                    clock.due_at += max(term.within - clock.term.within, timedelta(0))
                    state.dues.arm_clock(contact, clock)

    return [mock.patch.dict(evolve._STEPS, {ConfigChanged: follow})]


def warn_by_the_old_fractions_of_who_is_in_another_lane() -> list[Patch]:
    reckoned = sla_clock.reckoned

    def as_before(contact: ContactId, clock: Clock, term: Term, at: datetime) -> ClockRebased:
        return reckoned(contact, clock, replace(term, warn_at=clock.term.warn_at), at)

    return [mock.patch.object(sla_clock, "reckoned", as_before), mock.patch.object(sla, "reckoned", as_before)]


def leave_what_was_asked_before_a_later_answer_as_it_was() -> list[Patch]:
    question = sla_bounced._question

    def but_the_latest(contact: Contact, reply: MessageId) -> Any:
        missed = question(contact, reply)
        return None if missed is not None and missed.former and missed.after is not None else missed

    return [mock.patch.object(sla_bounced, "_question", but_the_latest)]


def bring_back_what_was_asked_behind_a_reply_that_failed() -> list[Patch]:
    bounced = sla_bounced.bounced

    def all_of_it(contact: Contact, reply: MessageId, at: datetime) -> list[DeskDecision]:
        events = bounced(contact, reply, at)
        told = {event.target for event in events if isinstance(event, ClockStarted)}
        again = sla.unanswered(contact, reply) if contact.phase == RESOLVED else {}
        for target in again.keys() - told:
            events += sla_clock.runs_on(contact.id, again[target], at, sla.REOPENED)
        return events

    return [mock.patch.object(sla_bounced, "bounced", all_of_it)]


def check_in_on_who_has_written() -> list[Patch]:
    return [mock.patch.object(evolve_check_in, "heard", return_value=None)]


def check_in_on_who_wants_none() -> list[Patch]:
    async def never(_self: OptOuts, _customer: str) -> bool:
        return False

    return [mock.patch.object(OptOuts, "holds", never)]


def leave_the_drafts_of_whom_we_erase() -> list[Patch]:
    matching = erasing_contacts._erase_matching

    async def without(bus: Bus, stream: str, *given: Any) -> None:
        if stream != DRAFTS:
            await matching(bus, stream, *given)

    return [mock.patch.object(erasing_contacts, "_erase_matching", without)]


def leave_the_keys_of_whom_we_erase() -> list[Patch]:
    return [mock.patch.object(erasing_contacts, "_lead_nowhere", mock.AsyncMock(return_value=set()))]


def leave_the_copy_that_visitors_read() -> list[Patch]:
    async def without(bus: Bus, stream: str, seqs: Iterable[int]) -> int:
        return 0 if stream == TRANSCRIPT_PUBLIC else await erase(bus, stream, seqs)

    return [mock.patch.object(erasing_contacts, "erase", without)]


def know_whom_we_have_erased() -> list[Patch]:
    def same(_self: DeskState, customer: str) -> str:
        return customer

    return [mock.patch.object(DeskState, "called_now", same)]


def send_again_what_may_have_arrived() -> list[Patch]:
    return [mock.patch.object(FarEnd, "repeatable", True)]


def tell_nobody_of_what_is_unknown() -> list[Patch]:
    async def quietly(*_given: Any, **_more: Any) -> None:
        return

    return [mock.patch.object(Delivery, "_park", quietly)]


def _carried_out(change: Callable[[MessagesTaken], MessagesTaken]) -> Patch:
    carry_out = Moves.carry_out

    async def changed(self: Moves, event: MessagesTaken, *, again: bool) -> Any:
        return await carry_out(self, change(event), again=again)

    return mock.patch.object(Moves, "carry_out", changed)


def _as_never_moved(item: Any) -> Any:
    return msgspec.structs.replace(item, moves=0)


BUGS: dict[Callable[[], list[Patch]], tuple[str, ...]] = {
    lose_the_last_line_that_is_moved: ("moving",),
    show_a_moved_line_in_both_contacts: ("moving",),
    believe_a_replica_that_is_behind: ("moving", "behind"),
    leave_the_keys_of_what_is_moved: ("moving",),
    leave_the_drafts_of_whom_we_erase: ("erasing",),
    leave_the_keys_of_whom_we_erase: ("erasing",),
    leave_the_copy_that_visitors_read: ("erasing",),
    know_whom_we_have_erased: ("erasing",),
    send_again_what_may_have_arrived: ("carrying",),
    tell_nobody_of_what_is_unknown: ("carrying",),
    escalate_again_after_a_takeover: ("escalating",),
    forget_to_escalate_a_breach: ("escalating",),
    have_clocks_follow_the_new_policy: ("repricing",),
    warn_by_the_old_fractions_of_who_is_in_another_lane: ("repricing",),
    leave_what_was_asked_before_a_later_answer_as_it_was: ("bouncing",),
    bring_back_what_was_asked_behind_a_reply_that_failed: ("bouncing",),
    check_in_on_who_has_written: ("checking_in",),
    check_in_on_who_wants_none: ("checking_in",),
}
"""Each with the acts that it shows in."""
