"""What a desk promises, held against what it was given, what it answered and what came of it.

1. Nothing accepted is lost: each message whose channel was told "stored" is decided, and its words
   stand in the transcript.
2. Nothing is decided twice: no message, no request, no reply, whatever is repeated, and whatever the
   broker has forgotten. (`truth.py`, with capacity, matching and rings, after each commit.)
3. What was answered stands in the log at or before the place that the answer names; what was refused
   does not, unless it came again.
4. Clocks, offers and wrap-ups end once and at the right instant, and warnings and breaches are those that
   messages, replies and waits alone come to. (`history.py`.)
5. The log, or the last snapshot and the log behind it, gives the leader's state byte for byte, and whoever
   stands by and has read all of it has that state.
6. Every decision is told to everybody else, under one id, with one content; nothing else is told.
7. Every reply that was queued reaches whoever delivers, and no other.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from typing import Protocol, TypeVar

import msgspec

from frontline.contract.codec import encode
from frontline.contract.ids import ContactId, DeskId, MessageId
from frontline.contract.message import DeliveryReceipt, InboundMessage
from frontline.runtime.bus import Bus
from router.core.state import DeskState
from router.desk.command_port import CommandRequest
from router.desk.effects import as_told
from router.desk.follower import Follower
from router.desk.leader import Leader
from router.desk.log_store import StreamLogStore
from router.desk.snapshots import Snapshots
from tests.simulation.desk import history, targets, warned
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.people import Channel, Colleague
from tests.simulation.desk.standing import by_log, lines_of
from tests.simulation.desk.truth import Truth
from tests.unit.router_core.fingerprint import fingerprint

T = TypeVar("T")
_decode_request = msgspec.json.Decoder(CommandRequest).decode


class OneDesk(Protocol):
    """A desk of a run."""

    @property
    def desk(self) -> DeskId: ...

    @property
    def truth(self) -> Truth: ...

    @property
    def broker(self) -> Broker: ...

    @property
    def channel(self) -> Channel: ...

    @property
    def colleagues(self) -> Sequence[Colleague]: ...

    @property
    def limit(self) -> int:
        """Of the events of one commit."""
        ...

    @property
    def forgot(self) -> bool:
        """Whether the broker has forgotten which messages it had seen."""
        ...

    @property
    def lost(self) -> bool:
        """Whether the log has lost its end."""
        ...

    @property
    def waived(self) -> Collection[MessageId]:
        """What was decided in an end of a log that is lost, and by nobody since, unless it came again."""
        ...

    def led(self) -> tuple[Bus, Leader] | None:
        """Who leads in the last epoch, and the bus of that process."""
        ...

    def standing_by(self) -> list[Follower]:
        """Those who follow the log and do not lead, nor think so."""
        ...

    def is_late(self, event: str) -> bool:
        """Whether it was decided while the processes ended."""
        ...


async def check(run: OneDesk) -> None:
    """While a leader leads and nothing is left to do."""
    led = run.led()
    assert led is not None
    bus, leader = led
    await leader.loop.counted()
    while leader.loop.state.index != run.truth.state.index:  # it has decided something since
        await leader.loop.counted()
        await asyncio.sleep(0)
    truth = fingerprint(run.truth.state)
    assert fingerprint(leader.loop.state) == truth, f"the leader's state is another: {_where(leader.loop.state, run)}"
    follower = Follower(run.desk, StreamLogStore(bus, run.desk))
    await follower.begin(Snapshots(bus, run.desk))
    run.broker.seen["from a snapshot"] += follower.fence.seq > 0
    fence = run.truth.fence  # a new epoch that has decided nothing is in no state
    while (follower.fence.epoch, follower.fence.index) != (fence.epoch, fence.index):
        async with aclosing(follower.store.read(follower.fence.seq)) as records:
            async for stored in records:
                follower.take(stored)
    assert fingerprint(follower.state) == fingerprint(run.truth.state), "from the last snapshot it is another state"
    for standby in run.standing_by():
        if standby.fence.seq == run.truth.fence.seq:
            run.broker.seen["stood by"] += 1
            where = (standby.fence.epoch, standby.fence.index)
            assert where == (run.truth.fence.epoch, run.truth.fence.index), f"who stands by has counted up to {where}"
            assert fingerprint(standby.state) == fingerprint(run.truth.state), "who stands by has another state"


def check_ends(run: OneDesk) -> None:
    """Once all processes have ended."""
    log = run.truth.log
    history.clocks_end_once(log)
    full = warned.full(log, run.limit)
    wanted, found = history.come_due(log, full), history.recorded(log)
    assert found == wanted, differing(found, wanted)
    wanted_too, found_too = targets.come_due(log, full), targets.recorded(log)
    assert found_too == wanted_too, differing(found_too, wanted_too)
    offers_and_shifts_end_as_they_should(run)
    everything_accepted_is_decided_and_written_down(run, [run.truth])
    if run.lost:
        return  # what was in the lost end was answered and told, and is gone
    answers_are_true(run)
    everything_is_told_once(run)
    every_reply_is_sent(run, [run.truth])


def offers_and_shifts_end_as_they_should(run: OneDesk) -> None:
    log = run.truth.log
    open_ = history.offers_end_once(log)
    assert open_.keys() == set(run.truth.state.offers.values()), "open offers"
    history.wrap_ups_last(log)
    history.shifts_change_on_time(log)


def everything_accepted_is_decided_and_written_down(
    run: OneDesk, truths: Sequence[Truth], erased_between: Collection[MessageId] = ()
) -> None:
    """By one of these. `erased_between` is what only all their logs together tell to be erased."""
    received = sum((truth.received for truth in truths), Counter[MessageId]())
    parked, gone = put_aside(run), erased(run, truths, erased_between)
    written = lines_of(run.broker)
    for id_, message in run.channel.sent.accepted.items():
        if id_ in parked:
            run.broker.seen["parked"] += 1
            continue
        if not received[id_] and _is_lost(run, id_, truths):
            continue
        if isinstance(message, InboundMessage):
            assert received[id_] == 1, f"message {id_} was accepted, and never decided"
        if id_ in gone:
            continue
        there = Counter(line.moved for line in written.get(id_, ()))
        assert there, f"message {id_} was accepted, and its words are nowhere"
        assert max(there.values()) == 1 or run.forgot, f"message {id_} stands {there} times in the transcript"
    for reply in (reply for truth in truths for reply in truth.replies if reply not in gone):
        assert reply in written, f"the words of reply {reply} are nowhere"


def _is_lost(run: OneDesk, id_: MessageId, truths: Sequence[Truth]) -> bool:
    """Whether nobody is owed that it is decided again: a log has lost that it was, or what it had opened is erased since."""
    opened = ContactId("c" + id_[1:])
    return id_ in run.waived or (run.lost and any(opened in truth.state.erased for truth in truths))


def put_aside(run: OneDesk) -> frozenset[MessageId]:
    """What came in and could not be decided, or was not in time."""
    parked = {record.data for record in run.broker.streams["PARKED"].records.values()} | run.channel.sent.parked
    return frozenset(id_ for id_, message in run.channel.sent.accepted.items() if parked and encode(message) in parked)


def erased(run: OneDesk, truths: Sequence[Truth], erased_between: Collection[MessageId]) -> set[MessageId]:
    """Everything that stands in erased contacts, and the receipts for it."""
    found = set(erased_between)
    for truth in truths:
        if truth.state.erased:
            found |= by_log(truth.log).gone()
            found |= {
                id_
                for id_, told in run.channel.sent.accepted.items()
                if isinstance(told, DeliveryReceipt) and (told.contact in truth.state.erased or told.reply in found)
            }
    return found


def every_reply_is_sent(run: OneDesk, truths: Sequence[Truth], erased_between: Collection[MessageId] = ()) -> None:
    replies = {reply for truth in truths for reply in truth.replies}
    gone = erased(run, truths, erased_between)
    delivered = set(run.channel.sent.delivered).difference(*(truth.check_ins for truth in truths))
    assert replies - gone <= delivered, f"replies never sent: {replies - delivered}"
    assert delivered <= replies, f"never written: {delivered - replies}"


def answers_are_true(run: OneDesk) -> None:
    for colleague in run.colleagues:
        for asked in colleague.asked:
            decided = run.truth.requests[asked.request]
            assert not asked.early, f"{asked.request} was answered before it was in the log"
            if asked.given_up:
                continue
            if asked.refused:
                again = not decided or _came_again_before(run, asked.request)
                assert again, f"{asked.request} was refused ({asked.refused}), and decided"
            else:
                assert decided == 1, f"{asked.request} was said to be decided, and was not"


def _came_again_before(run: OneDesk, request: str) -> bool:
    """Whether what was decided may have been a later copy of it than the one that was refused: a refusal is not remembered."""
    there = run.broker.commands.get(run.desk, ())
    ends = [end for end, said in there if _decode_request(said).request == request]
    return any(end < run.truth.seq_of[request] for end in ends[1:])


def everything_is_told_once(run: OneDesk) -> None:
    said: dict[str, bytes] = {}
    for record in run.broker.streams["EVENTS"].records.values():
        id_ = record.headers["Nats-Msg-Id"]
        if not id_.startswith(f"{run.desk}."):
            continue
        assert said.setdefault(id_, record.data) == record.data, f"event {id_} is told in two ways"
    wanted = {f"{run.desk}.{id_}": encode(as_told(run.desk, id_, event)) for id_, event in run.truth.told.items()}
    # The desk ends without telling what it decided while it was ending: the next leader does.
    later = {id_ for id_ in wanted if id_ not in said and run.is_late(id_)}
    missing = wanted.keys() - said.keys() - later
    assert not missing, f"never told: {sorted(missing)[:5]}"
    assert not said.keys() - wanted.keys(), f"told, and never decided: {sorted(said.keys() - wanted.keys())[:5]}"
    assert all(said[id_] == wanted[id_] for id_ in said), "told in other words than decided"


def differing(found: Mapping[T, object], wanted: Mapping[T, object]) -> str:
    other = {key: (found.get(key), wanted.get(key)) for key in found.keys() | wanted.keys()}
    return f"warnings and breaches, as on record and as told from the story: { {k: v for k, v in other.items() if v[0] != v[1]} }"


def _where(state: DeskState, run: OneDesk) -> str:
    return f"{state.epoch}.{state.index}, and {run.truth.state.epoch}.{run.truth.state.index}"
