"""Bugs on purpose in what two desks do together: each has to be found by a seed of two desks."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest import mock

import msgspec
from nats.aio.msg import Msg

from frontline.contract.ids import ContactId
from frontline.runtime.pull import quietly
from router.core import decide, decide_between, decide_message, elsewhere, evolve, evolve_between, packing
from router.core.clock import Clock
from router.core.command import ReceiveMessage, TakeContact
from router.core.desk_settings import InboxSettings
from router.core.event import ContactOpened
from router.core.event_transfer import TransferTaken
from router.core.illegal import no
from router.core.parcel import CarriedClock, Parcel
from router.core.refusal import Refused
from router.core.state import DeskState
from router.desk import holding, resolve
from router.desk.holders import Holders
from router.desk.holding import Fit, Holding
from router.desk.listening import Listening
from router.desk.loop import DeskLoop
from router.desk.strays import Strays
from tests.simulation.desk import planted_acts
from tests.simulation.desk.planted import with_patches

Patch = Any


def let_an_inbox_go_before_the_indexes_have_what_was_decided() -> list[Patch]:
    """Behind that stands what copies know of other desks' decisions: it is taken out, too, or nothing shows."""
    settle = Holding._settle

    async def at_once(_: object) -> None:
        return

    async def hasty(self: Holding) -> None:
        with mock.patch.object(self, "_told", at_once):
            await settle(self)

    return [mock.patch.object(Holding, "_settle", hasty), *forget_what_other_desks_decided()]


def forget_what_other_desks_decided() -> list[Patch]:
    return [
        mock.patch.object(Holders, "placed", return_value=None),
        mock.patch.object(Holders, "floors", return_value={}),
    ]


def decide_what_comes_in_by_an_inbox_that_was_given_away() -> list[Patch]:
    return [mock.patch.object(decide_message, "_wanted_inbox", _known_inbox)]


def leave_the_consumer_as_it_was_made() -> list[Patch]:
    """It is given the further subject only: what lay there before stays where it is."""
    fit = holding.fit

    def kept(wanted: Iterable[str], ours: frozenset[str] | None, others: frozenset[str]) -> Fit:
        found = fit(wanted, ours, others)
        return Fit(found.takes, found.awaited, anew=found.anew and not found.takes.issuperset(ours or ()))

    return [mock.patch.object(holding, "fit", kept)]


def acknowledge_before_it_is_decided() -> list[Patch]:
    settle = Listening._settle

    async def at_once(self: Listening, msg: Msg, take: Callable[[Msg], Awaitable[None]]) -> None:
        await quietly(msg.ack())
        await settle(self, msg, take)

    return [mock.patch.object(Listening, "_settle", at_once)]


def let_go_and_keep() -> list[Patch]:
    return [mock.patch.dict(evolve._STEPS, {TransferTaken: evolve_between.refused})]


def take_a_parcel_again() -> list[Patch]:
    def here(state: DeskState, contact: ContactId, _: int) -> bool:
        return contact in state.contacts

    return [mock.patch.object(decide_between, "arrived", here)]


def forget_how_long_a_clock_stood_still() -> list[Patch]:
    carried = packing._carried_clock

    def without(clock: Clock, *given: Any, **more: Any) -> CarriedClock:
        return msgspec.structs.replace(carried(clock, *given, **more), pauses=(), due_at=_unpaused(clock))

    return [mock.patch.object(packing, "_carried_clock", without)]


def forget_what_was_breached() -> list[Patch]:
    unpacked = packing.unpacked

    def unbroken(state: DeskState, parcel: Parcel) -> tuple[Clock, ...]:
        clocks = unpacked(state, parcel)
        for clock in clocks:
            clock.breached = False
        return clocks

    return [mock.patch.object(evolve_between, "unpacked", unbroken)]


def forget_a_clock_on_the_way() -> list[Patch]:
    unpacked = packing.unpacked

    def but_one(state: DeskState, parcel: Parcel) -> tuple[Clock, ...]:
        return unpacked(state, parcel)[:-1]

    return [mock.patch.object(evolve_between, "unpacked", but_one)]


def forget_what_a_clock_has_still_to_warn_of() -> list[Patch]:
    unpacked = packing.unpacked

    def quiet(state: DeskState, parcel: Parcel) -> tuple[Clock, ...]:
        clocks = unpacked(state, parcel)
        for clock in clocks:
            clock.warnings = ()
        return clocks

    return [mock.patch.object(evolve_between, "unpacked", quiet)]


def know_no_inbox_but_ones_own_when_something_is_split_off() -> list[Patch]:
    opened = evolve._STEPS[ContactOpened]

    def own(state: DeskState, event: ContactOpened) -> None:
        if (event.channel, event.inbox) not in state.inboxes:
            no(f"contact {event.contact} is of no inbox that there is")
        opened(state, event)

    return [mock.patch.dict(evolve._STEPS, {ContactOpened: own})]


def take_what_was_erased_on_its_way() -> list[Patch]:
    take = decide._STEPS[TakeContact]

    def blindly(state: DeskState, command: TakeContact, now: datetime) -> Any:
        erased, successors = state.erased, state.successors
        state.erased, state.successors = set(), {}
        try:
            return take(state, command, now)
        finally:
            state.erased, state.successors = erased, successors

    return [mock.patch.dict(decide._STEPS, {TakeContact: blindly})]


def forget_which_check_ins_were_written() -> list[Patch]:
    packed = packing.packed

    def without(*given: Any) -> Parcel:
        return msgspec.structs.replace(packed(*given), checked_in=())

    return [mock.patch.object(decide_between, "packed", without)]


def keep_what_belongs_to_nothing_here() -> list[Patch]:
    return [
        mock.patch.object(elsewhere, "send_home", return_value=None),
        mock.patch.object(decide_message, "_wanted_inbox", _known_inbox),
    ]


def _known_inbox(state: DeskState, command: ReceiveMessage) -> InboxSettings:
    known = state.inbox(command.channel, command.inbox)
    if known is None:
        raise Refused(decide_message.UNKNOWN_INBOX, "")
    return known


def _unpaused(clock: Clock) -> Any:
    stood = [went_on - stopped for stopped, went_on in clock.pauses if went_on is not None]
    return clock.due_at - sum(stood[1:], stood[0]) if stood else clock.due_at


def look_for_no_contact_that_went_astray() -> list[Patch]:
    async def never(_: Strays) -> None:
        await asyncio.Event().wait()

    return [mock.patch.object(Strays, "run", never)]


def wait_for_a_contact_whose_coming_is_lost() -> list[Patch]:
    return [mock.patch.object(Strays, "is_lost", mock.AsyncMock(return_value=False))]


def acknowledge_while_the_log_is_in_doubt() -> list[Patch]:
    return [mock.patch.object(DeskLoop, "sure", mock.AsyncMock())]


def believe_the_index_of_what_a_log_has_lost() -> list[Patch]:
    return [mock.patch.object(resolve, "stands", mock.AsyncMock(return_value=True))]


PLANTED_BETWEEN: dict[str, Callable[[], list[Patch]]] = {
    bug.__name__: bug
    for bug in (
        let_an_inbox_go_before_the_indexes_have_what_was_decided,
        decide_what_comes_in_by_an_inbox_that_was_given_away,
        leave_the_consumer_as_it_was_made,
        acknowledge_before_it_is_decided,
        let_go_and_keep,
        take_a_parcel_again,
        forget_how_long_a_clock_stood_still,
        forget_what_was_breached,
        forget_a_clock_on_the_way,
        forget_what_a_clock_has_still_to_warn_of,
        know_no_inbox_but_ones_own_when_something_is_split_off,
        forget_which_check_ins_were_written,
        take_what_was_erased_on_its_way,
        planted_acts.leave_the_keys_of_whom_we_erase,
        planted_acts.leave_the_keys_of_what_is_moved,
        planted_acts.check_in_on_who_has_written,
        keep_what_belongs_to_nothing_here,
        look_for_no_contact_that_went_astray,
        wait_for_a_contact_whose_coming_is_lost,
        acknowledge_while_the_log_is_in_doubt,
        believe_the_index_of_what_a_log_has_lost,
    )
}
ACTS_BETWEEN = {
    "know_no_inbox_but_ones_own_when_something_is_split_off": ("moving",),
    "forget_which_check_ins_were_written": ("checking_in",),
    "leave_the_keys_of_what_is_moved": ("moving",),
    "take_what_was_erased_on_its_way": ("erasing",),
    "leave_the_keys_of_whom_we_erase": ("erasing",),
    "check_in_on_who_has_written": ("checking_in",),
}
"""What people do in each seed, where a bug shows in nothing else; the others are looked for in seeds without acts."""


@contextmanager
def with_bug_between(name: str) -> Iterator[None]:
    with with_patches(PLANTED_BETWEEN[name]()):
        yield
