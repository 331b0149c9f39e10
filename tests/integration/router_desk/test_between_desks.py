"""Two desks on a real nats-server: a contact goes over, what is written follows it, and leaders are killed on the way."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar

import msgspec
import pytest
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from frontline.contract import cloudevent, subject
from frontline.contract.codec import encode
from frontline.contract.ids import ContactId, InboxId, MessageId
from frontline.contract.message import (
    DeliveryReceipt,
    DeliveryState,
    Times,
)
from frontline.contract.signal import PickUp, Ring, Signal, StopRinging, decode_signal
from frontline.contract.transcript import ItemKind
from frontline.runtime.bus import Bus
from frontline.runtime.topology import TRANSFERS
from router.core.command import SentOn
from router.core.event import ContactOpened, DeliveryRecorded, MessageReceived
from router.core.event_clock import ClockStarted
from router.core.event_transfer import ContactTaken, TransferBegun, TransferTaken
from router.core.trail import HOP_LIMIT
from router.desk.between_words import SENT_ON
from tests.integration.router_desk.between import SALES, SUPPORT, Desks
from tests.integration.router_desk.desk import EMAIL, answers, mail, send_in, transcript, until

S = TypeVar("S", bound=Signal)


async def test_a_contact_goes_to_the_other_desk_and_its_customer_is_answered_from_there(provisioned: Bus) -> None:
    async with Desks(provisioned) as desks:
        contact = await _opened(desks)
        due_at = [clock.due_at for clock in desks.state(SUPPORT).contacts[contact].clocks]
        await desks.give(contact)
        await until(lambda: desks.has(SALES, contact) and not desks.has(SUPPORT, contact))
        assert [clock.due_at for clock in desks.state(SALES).contacts[contact].clocks] == due_at
        assert desks.state(SALES).contacts[contact].agent == "bob"
        await until(lambda: _empty(provisioned, TRANSFERS))


async def test_what_the_customer_writes_follows_the_contact_under_its_own_id(provisioned: Bus) -> None:
    async with Desks(provisioned) as desks:
        contact = await _opened(desks)
        await desks.give(contact)
        await until(lambda: desks.has(SALES, contact))
        answer = mail("<2@one.example>", thread=(answers("<1@one.example>"),), text="More")
        await send_in(provisioned, answer)
        await until(lambda: _nothing_left(provisioned))
        received = [event for event in await desks.decided(SALES) if isinstance(event, MessageReceived)]
        assert [(event.message, event.contact, event.inbox) for event in received] == [(answer.id, contact, "support")]
        assert [item.text for item in await transcript(provisioned, contact)] == ["Hello", "More"]
        assert len([event for event in await desks.decided(SUPPORT) if isinstance(event, MessageReceived)]) == 1


async def test_an_answer_that_comes_by_an_inbox_of_another_desk_finds_its_contact(provisioned: Bus) -> None:
    async with Desks(provisioned) as desks:
        contact = await _opened(desks)
        answer = mail("<2@one.example>", thread=(answers("<1@one.example>"),), inbox=InboxId("sales"), text="Here")
        await send_in(provisioned, answer)
        await until(lambda: _nothing_left(provisioned))
        assert [item.text for item in await transcript(provisioned, contact)] == ["Hello", "Here"]
        assert not desks.state(SALES).contacts


async def test_a_replica_that_has_read_up_knows_of_every_contact_that_was_opened_before(provisioned: Bus) -> None:
    async with Desks(provisioned) as desks:
        contact = await _opened(desks)
        standby, stopping = desks.standby(SUPPORT), asyncio.Event()
        reading = asyncio.create_task(standby.read_up())
        running = asyncio.create_task(standby.run(stopping))
        await reading
        assert standby.holds(contact)
        stopping.set()
        await running


async def test_a_contact_that_is_on_its_way_is_known_to_be_where_it_goes(provisioned: Bus) -> None:
    async with Desks(provisioned) as desks:
        contact = await _opened(desks)
        await desks.give(contact)
        await until(lambda: desks.has(SALES, contact))
        left = desks.replicas[SUPPORT].left(contact)
        assert left is not None
        assert (left.desk, left.moves) == (SALES, 1)
        assert desks.replicas[SALES].left(contact) is None


async def test_what_comes_in_at_the_desk_that_its_contact_is_on_its_way_to_waits_for_it(provisioned: Bus) -> None:
    async with Desks(provisioned) as desks:
        contact = await _opened(desks)
        await desks.kill(SALES)
        await desks.give(contact)
        await provisioned.publish(subject.transfer(SUPPORT), msgspec.json.encode(_answer(contact)))
        await until(lambda: not desks.has(SUPPORT, contact))
        await until(lambda: _last(provisioned, subject.transfer(SALES), b"TransferGiven"))
        stream = provisioned.nc.jetstream()
        given = await stream.get_last_msg(TRANSFERS, subject.transfer(SALES))
        assert given.seq is not None
        assert given.data is not None
        await stream.delete_msg(TRANSFERS, given.seq)
        desks.lead(SALES)
        await until(lambda: desks.replicas[SALES].leads)
        answer = mail("<2@one.example>", inbox=InboxId("sales"), thread=(answers("<1@one.example>"),), text="More")
        await send_in(provisioned, answer)
        await until(lambda: _last(provisioned, subject.forward(SALES), b"More"))
        await until(lambda: _empty(provisioned, subject.inbox_stream(EMAIL)))
        await provisioned.publish(subject.transfer(SALES), given.data)
        await until(lambda: _nothing_left(provisioned))
        assert list(desks.state(SALES).contacts) == [contact]
        assert [item.text for item in await transcript(provisioned, contact)] == ["Hello", "More"]


async def test_who_takes_no_part_comes_back_to_the_desk_they_wrote_to(provisioned: Bus) -> None:
    async with Desks(provisioned) as desks:
        contact = await _opened(desks)
        stranger = mail(
            "<2@two.example>",
            sender="stranger@two.example",
            thread=(answers("<1@one.example>"),),
            inbox=InboxId("sales"),
        )
        await send_in(provisioned, stranger)
        await until(lambda: _nothing_left(provisioned))
        [opened] = [event for event in await desks.decided(SALES) if isinstance(event, ContactOpened)]
        assert opened.linked_to == contact
        lines = await transcript(provisioned, opened.contact)
        assert [line.text for line in lines if line.kind is ItemKind.MESSAGE] == ["Hello"]


async def test_who_comes_back_to_a_desk_that_has_given_their_inbox_away_is_taken_in_by_the_desk_that_has_it(
    provisioned: Bus,
) -> None:
    async with Desks(provisioned) as desks:
        message = mail("<1@two.example>", sender="stranger@two.example", inbox=InboxId("sales"))
        head = cloudevent.headers(id=message.id, kind="inbound_message", source="/test", at=message.times.received)
        home = SentOn(home=SUPPORT, hops=HOP_LIMIT, contact=ContactId("c1"))
        await provisioned.publish(
            subject.forward(SUPPORT), encode(message), head | {SENT_ON: msgspec.json.encode(home).decode()}
        )
        await until(lambda: desks.has(SALES, ContactId("c" + message.id[1:])))
        await until(lambda: _nothing_left(provisioned))
        assert not desks.state(SUPPORT).contacts
        assert await _empty(provisioned, "PARKED")


async def test_a_receipt_for_a_reply_from_there_finds_the_contact(provisioned: Bus) -> None:
    async with Desks(provisioned) as desks:
        contact = await _opened(desks)
        await desks.give(contact)
        await until(lambda: desks.has(SALES, contact))
        now = datetime.now(UTC)
        receipt = DeliveryReceipt(
            id=MessageId("d1"),
            key="a receipt",
            channel=EMAIL,
            inbox=InboxId("support"),
            reply=MessageId("r1"),
            contact=contact,
            state=DeliveryState.FAILED,
            times=Times(received=now),
        )
        head = cloudevent.headers(id="d1", kind="delivery_receipt", source="/test", at=now)
        await provisioned.publish(subject.inbound(EMAIL, InboxId("support")), encode(receipt), head)
        await until(lambda: _nothing_left(provisioned))
        recorded = [event for event in await desks.decided(SALES) if isinstance(event, DeliveryRecorded)]
        assert [event.receipt for event in recorded] == ["d1"]
        assert [line.id for line in await transcript(provisioned, contact)][1:] == ["d1"]


async def test_a_word_of_another_desk_that_comes_twice_changes_nothing(provisioned: Bus) -> None:
    async with Desks(provisioned) as desks:
        contact = await _opened(desks)
        await desks.give(contact)
        await until(lambda: desks.has(SALES, contact))
        [taken] = [event for event in await desks.decided(SUPPORT) if isinstance(event, TransferTaken)]
        for said in ({"type": "TransferGiven", "parcel": taken.parcel}, _answer(contact)):
            await provisioned.publish(subject.transfer(SALES), msgspec.json.encode(said))
            await provisioned.publish(subject.transfer(SUPPORT), msgspec.json.encode(_answer(contact)))
        await until(lambda: _empty(provisioned, TRANSFERS))
        assert len([event for event in await desks.decided(SALES) if isinstance(event, ContactTaken)]) == 1
        assert not desks.has(SUPPORT, contact)


async def test_what_is_no_word_at_all_is_parked_and_those_behind_it_are_heard(provisioned: Bus) -> None:
    async with Desks(provisioned) as desks:
        contact = await _opened(desks)
        await provisioned.publish(subject.transfer(SALES), b"no word")
        await provisioned.publish(subject.forward(SALES), encode(mail("<9@one.example>")))
        await desks.give(contact)
        await until(lambda: desks.has(SALES, contact))
        await until(lambda: _empty(provisioned, TRANSFERS))
        info = await provisioned.nc.jetstream().stream_info("PARKED")
        assert info.state.messages == 2
        assert desks.heard(SALES, "between", "malformed") == 1
        assert desks.heard(SALES, "forwarded", "malformed") == 1
        assert desks.heard(SALES, "between", "taken") >= 1


async def test_an_agent_of_the_other_desk_is_rung_where_the_customer_came_in_and_picks_up(provisioned: Bus) -> None:
    async with Desks(provisioned) as desks:
        heard: asyncio.Queue[Signal] = asyncio.Queue()

        async def hear(msg: Msg) -> None:
            heard.put_nowait(decode_signal(msg.data))

        where = subject.signal(EMAIL, InboxId("support-live"))
        await provisioned.nc.subscribe(where, cb=hear)
        message = mail("<1@one.example>", inbox=InboxId("support-live"))
        await send_in(provisioned, message)
        contact = ContactId("c" + message.id[1:])
        await until(lambda: desks.has(SUPPORT, contact))
        async with asyncio.timeout(20):
            first = await _next(heard, Ring)
            await desks.give(contact)
            second = await _next(heard, Ring)
            assert (first.agent, second.agent, second.number) == ("ann", "bob", "+12025550102")
            assert first.offer != second.offer
            pick_up = PickUp(contact=contact, offer=second.offer, agent=second.agent)
            await provisioned.nc.publish(where, encode(pick_up))
            assert (await _next(heard, StopRinging)).outcome == "accepted"
        await until(lambda: desks.state(SALES).contacts[contact].agent == "bob")


@pytest.mark.parametrize("seed", range(3))
async def test_leaders_killed_in_the_middle_of_transfers_lose_and_double_nothing(provisioned: Bus, seed: int) -> None:
    dice = Random(seed)
    async with Desks(provisioned) as desks:
        contacts = [await _opened(desks, n) for n in range(3)]
        for n, contact in enumerate(contacts):
            await desks.give(contact)
            await send_in(
                provisioned, mail(f"<{n}.more@one.example>", thread=(answers(f"<{n}@one.example>"),), text="More")
            )
            await asyncio.sleep(dice.random() / 20)
            victim = dice.choice([SUPPORT, SALES])
            await desks.kill(victim)
            desks.lead(victim)
        await until(lambda: all(desks.has(SALES, contact) for contact in contacts), 60)
        await until(lambda: _nothing_left(provisioned), 60)
        support, sales = await desks.decided(SUPPORT), await desks.decided(SALES)
        assert not set(contacts) & set(desks.state(SUPPORT).contacts)
        for contact in contacts:
            mine = [event for event in (*support, *sales) if getattr(event, "contact", None) == contact]
            for kind in (TransferBegun, TransferTaken, ContactTaken, ClockStarted):
                assert len([event for event in mine if isinstance(event, kind)]) == 1, kind
            assert len([event for event in mine if isinstance(event, MessageReceived)]) == 2
            assert [item.text for item in await transcript(provisioned, contact)] == ["Hello", "More"]
        clocks = [clock for contact in contacts for clock in desks.state(SALES).contacts[contact].clocks]
        assert all(clock.due_at - clock.started_at == timedelta(hours=4) for clock in clocks)


async def _opened(desks: Desks, number: int = 1) -> ContactId:
    """A contact at the first desk, whose words are written down."""
    message = mail(f"<{number}@one.example>")
    await send_in(desks.bus, message)
    contact = ContactId("c" + message.id[1:])
    await until(lambda: desks.has(SUPPORT, contact))
    await until(lambda: _empty(desks.bus, subject.inbox_stream(EMAIL)))
    return contact


def _answer(contact: ContactId) -> dict[str, object]:
    return {"type": "TransferAnswered", "contact": contact, "desk": SALES, "taken": True}


async def _last(bus: Bus, on: str, having: bytes) -> bool:
    """Whether the last of what is on its way there says so."""
    try:
        last = await bus.nc.jetstream().get_last_msg(TRANSFERS, on)
    except NotFoundError:
        return False
    return having in (last.data or b"")


async def _empty(bus: Bus, stream: str) -> bool:
    info = await bus.nc.jetstream().stream_info(stream)
    return info.state.messages == 0


async def _nothing_left(bus: Bus) -> bool:
    return await _empty(bus, subject.inbox_stream(EMAIL)) and await _empty(bus, TRANSFERS)


async def _next(heard: "asyncio.Queue[Signal]", kind: type[S]) -> S:
    """The next of its kind; what says that an offer was withdrawn is passed over."""
    while True:
        signal = await heard.get()
        if isinstance(signal, kind) and getattr(signal, "outcome", "") != "withdrawn":
            return signal
