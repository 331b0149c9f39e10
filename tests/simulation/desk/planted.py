"""Bugs on purpose, in the desk: each a mistake that somebody could make, and each has to be found by a seed.

A bug is a function that patches production code for as long as its seeds run.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import msgspec

from frontline.contract import subject
from frontline.runtime.reader import Stored
from router.core import advance, decide, decide_message, decide_presence, decide_transfer, sla, waiting
from router.core.capacity import Agent
from router.core.command import ReceiveMessage
from router.core.commit import decode_commit
from router.core.contact import ASSIGNED, Contact
from router.core.due import Dues, Entry
from router.core.event import CustomerLeft
from router.core.overlay import Overlay
from router.core.state import DeskState
from router.desk import effects, intake, log, replica
from router.desk.effects import Effects, Place
from router.desk.fence import Counted, EpochBegan, Fence, Record
from router.desk.follower import Follower
from router.desk.keeper import Keeper
from router.desk.log_store import StreamLogStore
from router.desk.loop import DeskLoop
from router.desk.resolve import Resolver
from tests.simulation import planted
from tests.simulation.desk import planted_actions, planted_acts

Patch = Any
_EARLY = timedelta(milliseconds=400)


class CountsEverything(Fence):
    """Lets whoever reads the log make up their own mind about what counts."""

    def admit(self, stored: Stored) -> Record | None:
        record = super().admit(stored)
        if record is None and not stored.subject.endswith(".epoch"):
            return Counted(stored.seq, decode_commit(stored.data), stored.at)
        return record


def let_others_read_the_log() -> list[Patch]:
    return [mock.patch.object(effects, "Fence", CountsEverything)]


def count_a_commit_whose_predecessor_failed() -> list[Patch]:
    return [mock.patch.object(replica, "LogWriter", planted.CountsWithoutPredecessor)]


def count_on_a_time_out() -> list[Patch]:
    return [mock.patch.object(replica, "LogWriter", planted.CountsOnTimeOut)]


def go_on_beside_a_newer_epoch() -> list[Patch]:
    return [mock.patch.object(replica, "LogWriter", planted.NeverStepsDown)]


def ack_before_the_words_are_stored() -> list[Patch]:
    async def at_once(_acks: object) -> None:
        return

    return [mock.patch.object(intake, "stored", at_once)]


def trust_broker_dedup() -> list[Patch]:
    def receive(state: DeskState, command: ReceiveMessage, now: datetime) -> object:
        fresh = msgspec.structs.replace(command, known=None)
        with mock.patch.object(Overlay, "placement", return_value=None):
            return decide_message.receive(state, fresh, now)

    return [mock.patch.dict(decide._STEPS, {ReceiveMessage: receive})]


def read_the_index_without_the_overlay() -> list[Patch]:
    def receive(state: DeskState, command: ReceiveMessage, now: datetime) -> object:
        with mock.patch.object(Overlay, "placement", return_value=None):
            return decide_message.receive(state, command, now)

    return [mock.patch.dict(decide._STEPS, {ReceiveMessage: receive})]


def forget_the_index_of_keys() -> list[Patch]:
    asked = Resolver.message

    async def message(self: Resolver, *given: Any) -> Any:
        found = await asked(self, *given)
        return msgspec.structs.replace(found, command=msgspec.structs.replace(found.command, known=None))

    return [mock.patch.object(Resolver, "message", message)]


def punish_agents_for_our_downtime() -> list[Patch]:
    return [mock.patch.object(advance, "_time_of", lambda _state, _command, now: now)]


def forget_a_pause() -> list[Patch]:
    return [mock.patch.object(sla, "paused", return_value=[])]


def forget_wrap_up() -> list[Patch]:
    left = decide_presence.left

    def none(state: DeskState, contact: Contact, now: datetime) -> list[Any]:
        if contact.phase == ASSIGNED and contact.live and not contact.left:
            return [CustomerLeft(at=now, contact=contact.id)]
        return left(state, contact, now)

    return [mock.patch.object(decide_presence, "left", none)]


def lose_a_ring_timer() -> list[Patch]:
    coming = waiting._coming

    def without(state: DeskState, contact: Contact) -> list[Any]:
        return [entry for entry in coming(state, contact) if type(entry[1]).__name__ != "RingOpened"]

    return [mock.patch.object(waiting, "_coming", without)]


def sleep_through_what_comes_due() -> list[Patch]:
    return [mock.patch.object(DeskLoop, "_wake", return_value=None)]


def fire_a_clock_early() -> list[Patch]:
    first = Dues.first_by

    def early(self: Dues, until: datetime) -> Entry | None:
        return first(self, until + _EARLY)

    return [mock.patch.object(Dues, "first_by", early)]


def lead_with_a_wrong_clock() -> list[Patch]:
    return [mock.patch.object(replica, "check", return_value=None)]


def take_over_without_the_epoch() -> list[Patch]:
    announce = log.announce

    async def quietly(store: Any, record: Any) -> int:
        last, fence = 0, Fence()
        async for stored in store.read(0):
            if isinstance(fence.admit(stored), EpochBegan):
                last = stored.seq
        return last or await announce(store, record)

    return [mock.patch.object(replica, "announce", quietly), *lead_with_a_wrong_clock()]


def believe_a_snapshot_of_a_lost_end() -> list[Patch]:
    async def holds(_self: Follower, _taken: object) -> bool:
        return True

    return [mock.patch.object(Follower, "_holds", holds)]


def live_on_with_a_lost_end() -> list[Patch]:
    async def holds(_self: StreamLogStore, _seq: int, _mark: str) -> bool:
        return True

    return [mock.patch.object(StreamLogStore, "holds", holds)]


def skip_what_was_purged() -> list[Patch]:
    take = Follower.take

    def over(self: Follower, stored: Stored) -> None:
        self.fence.seq = stored.seq - 1
        take(self, stored)

    return [mock.patch.object(Follower, "take", over)]


def purge_what_no_snapshot_holds() -> list[Patch]:
    async def purge(self: Any) -> None:
        ask = msgspec.json.encode({"seq": self._done})
        await self._bus.request(f"$JS.API.STREAM.PURGE.{subject.desk_stream(self._desk)}", ask)

    return [mock.patch.object(Keeper, "_purge", purge)]


def note_progress_before_the_effects() -> list[Patch]:
    apply = Effects._apply

    async def hasty(self: Any, batch: Any, reached: Place) -> None:
        await self._progress.put(self._key, msgspec.json.encode(reached))
        await apply(self, batch, reached)

    return [mock.patch.object(Effects, "_apply", hasty)]


def answer_before_it_counts() -> list[Patch]:
    def at_once(self: Any, work: Any, what: Any) -> None:
        self._settle(work, what, None)

    return [mock.patch.object(DeskLoop, "_answer", at_once)]


def forget_what_was_answered() -> list[Patch]:
    return [mock.patch.object(DeskState, "outcome", return_value=None)]


def give_more_than_there_is_room_for() -> list[Patch]:
    def place(self: Agent, _cost: int, *, live: bool) -> bool:
        return self.present and (live or self.load <= self.capacity)

    return [mock.patch.object(Agent, "has_place", place)]


def give_on_who_waits_for_others_as_they_are() -> list[Patch]:
    taken_back = decide_transfer._taken_back

    def as_it_is(contact: Contact, *given: Any) -> list[Any]:
        return [] if contact.phase.startswith("waiting_") else taken_back(contact, *given)

    return [mock.patch.object(decide_transfer, "_taken_back", as_it_is)]


PLANTED: dict[str, Callable[[], list[Patch]]] = {
    bug.__name__: bug
    for bug in (
        let_others_read_the_log,
        count_a_commit_whose_predecessor_failed,
        count_on_a_time_out,
        go_on_beside_a_newer_epoch,
        ack_before_the_words_are_stored,
        trust_broker_dedup,
        read_the_index_without_the_overlay,
        forget_the_index_of_keys,
        punish_agents_for_our_downtime,
        forget_a_pause,
        forget_wrap_up,
        lose_a_ring_timer,
        sleep_through_what_comes_due,
        fire_a_clock_early,
        lead_with_a_wrong_clock,
        take_over_without_the_epoch,
        believe_a_snapshot_of_a_lost_end,
        live_on_with_a_lost_end,
        skip_what_was_purged,
        purge_what_no_snapshot_holds,
        note_progress_before_the_effects,
        answer_before_it_counts,
        forget_what_was_answered,
        give_more_than_there_is_room_for,
        give_on_who_waits_for_others_as_they_are,
        *planted_actions.BUGS,
        *planted_acts.BUGS,
    )
}


@contextmanager
def with_bug(name: str) -> Iterator[None]:
    with with_patches(PLANTED[name]()):
        yield


@contextmanager
def with_patches(patches: list[Patch]) -> Iterator[None]:
    with ExitStack() as stack:
        for patch in patches:
            stack.enter_context(patch)
        yield
