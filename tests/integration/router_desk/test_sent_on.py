"""What another desk has sent on is written down as what came in by an inbox of one's own: nothing of whom somebody has
erased, and what its sender wishes.
"""

from datetime import UTC, datetime

import msgspec

from frontline.contract import cloudevent, subject
from frontline.contract.codec import encode
from frontline.contract.erasure import Erasure, Name
from frontline.contract.ids import ContactId, InboxId, KeyHash, MessageId
from frontline.contract.message import DeliveryReceipt, DeliveryState, InboundMessage, Times
from frontline.runtime.bus import Bus
from frontline.runtime.journal import Journal
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import THREADS, TRANSFERS
from router.core.command import EraseContact, SentOn, SplitContact, Staying
from router.core.event import MessageReceived
from router.core.event_move import Moving
from router.desk.between_words import SENT_ON
from router.desk.opt_out import OptOuts
from tests.integration.router_desk.between import BOB, SALES, SUPPORT, Desks
from tests.integration.router_desk.desk import EMAIL, SIGNER, all_transcripts, answers, mail, send_in, until

NEW = ContactId("c-new")


async def test_rule_1_10_what_is_sent_on_once_more_is_not_written_down_when_its_contact_was_erased(
    provisioned: Bus,
) -> None:
    async with Desks(provisioned) as desks:
        contact = await _given(desks)
        answer = mail("<2@one.example>", thread=(answers("<1@one.example>"),), text="More")
        await send_in(provisioned, answer)
        await until(lambda: _nothing_left(provisioned))
        assert [item.text for item in await all_transcripts(provisioned)] == ["Hello", "More"]
        await desks.ask(SALES, EraseContact(contact=contact))
        await until(lambda: _gone_through(provisioned, contact))
        assert not await all_transcripts(provisioned)
        revised = msgspec.structs.replace(answer, revision=1)  # under an id that the broker does not drop as known
        await _send_on(provisioned, revised, contact)
        await _send_on(provisioned, _receipt(contact), contact)
        await until(lambda: _nothing_left(provisioned))
        assert not await all_transcripts(provisioned)


async def test_rule_1_10_an_erasure_is_not_done_while_something_is_on_its_way_between_desks(provisioned: Bus) -> None:
    """What is acknowledged there lies on the disk until the queue was empty, as in every other queue."""
    async with Desks(provisioned) as desks:
        contact = await _given(desks)
        await desks.kill(SUPPORT)
        lies = await provisioned.publish(subject.forward(SUPPORT), encode(mail("<2@one.example>")))
        await desks.ask(SALES, EraseContact(contact=contact))
        await until(lambda: _gone_through(provisioned, contact))
        assert (await _noted(provisioned, contact)).waits == {TRANSFERS: lies.seq}


async def test_rule_7_who_says_stop_to_another_desk_than_the_one_of_the_inbox_is_noted(provisioned: Bus) -> None:
    async with Desks(provisioned) as desks:
        contact = await _given(desks)
        customer = desks.state(SALES).contacts[contact].customer
        await send_in(provisioned, mail("<2@one.example>", thread=(answers("<1@one.example>"),), text="STOP"))
        await until(lambda: _nothing_left(provisioned))
        assert await OptOuts(provisioned).holds(customer)


async def test_an_answer_that_lay_while_what_it_answers_was_split_off_comes_to_the_new_contact(
    provisioned: Bus,
) -> None:
    """The other desk had sent it on by what the index said then."""
    async with Desks(provisioned) as desks:
        contact = await _given(desks)
        second = mail("<2@one.example>", thread=(answers("<1@one.example>"),), text="More")
        await send_in(provisioned, second)
        await until(lambda: _nothing_left(provisioned))
        await desks.ask(SALES, await _splitting(desks, contact, second))
        await until(lambda: _names(provisioned, "<2@one.example>", NEW))
        third = mail("<3@one.example>", thread=(answers("<2@one.example>"),), text="And more")
        await _send_on(provisioned, third, contact, SIGNER.key_hash("message-id", "<2@one.example>"))
        await until(lambda: _nothing_left(provisioned))
        received = [event for event in await desks.decided(SALES) if isinstance(event, MessageReceived)]
        assert [(event.message, event.contact) for event in received] == [(second.id, contact), (third.id, NEW)]


async def _splitting(desks: Desks, contact: ContactId, message: InboundMessage) -> SplitContact:
    """It is all that was said in the contact at that desk."""
    state = desks.state(SALES)
    received = next(event for event in await desks.decided(SALES) if isinstance(event, MessageReceived))
    item = Moving(
        id=message.id, at=received.at, asks=True, key=received.key, customer=received.customer, binds=received.keys
    )
    return SplitContact(
        contact=contact,
        new_contact=NEW,
        agent=BOB,
        channel=message.channel,
        inbox=message.inbox,
        items=(item,),
        stays=Staying(),
        seen=(state.epoch, state.index),
    )


async def _names(bus: Bus, native_id: str, contact: ContactId) -> bool:
    """Whether the index has that the mail belongs to the contact."""
    entry = await KeyValue(bus, THREADS).get(SIGNER.key_hash("message-id", native_id))
    return entry is not None and entry.value == contact.encode()


async def _given(desks: Desks) -> ContactId:
    """A contact that one desk has from the other."""
    message = mail("<1@one.example>")
    await send_in(desks.bus, message)
    contact = ContactId("c" + message.id[1:])
    await until(lambda: desks.has(SUPPORT, contact))
    await until(lambda: _nothing_left(desks.bus))
    await desks.give(contact)
    await until(lambda: desks.has(SALES, contact))
    return contact


async def _send_on(
    bus: Bus, inbound: InboundMessage | DeliveryReceipt, contact: ContactId, key: KeyHash | None = None
) -> None:
    """As the other desk does it."""
    sent_on = SentOn(home=SUPPORT, hops=1, contact=contact, key=key or KeyHash(""), moves=1)
    head = cloudevent.headers(id=f"{inbound.id}.again", kind="inbound", source="/test", at=inbound.times.received)
    head[SENT_ON] = msgspec.json.encode(sent_on).decode()
    await bus.publish(subject.forward(SALES), encode(inbound), head)


def _receipt(contact: ContactId) -> DeliveryReceipt:
    return DeliveryReceipt(
        id=MessageId("d1"),
        key="a receipt",
        channel=EMAIL,
        inbox=InboxId("support"),
        reply=MessageId("r1"),
        contact=contact,
        state=DeliveryState.DELIVERED,
        times=Times(received=datetime.now(UTC)),
    )


async def _gone_through(bus: Bus, contact: ContactId) -> bool:
    """Whether the desk has taken out of the stores what was there."""
    return await _is_noted(bus, contact) and (await _noted(bus, contact)).passes > 0


async def _is_noted(bus: Bus, contact: ContactId) -> bool:
    return await Journal(bus).has(Name(SALES, "contact", contact))


async def _noted(bus: Bus, contact: ContactId) -> Erasure:
    return {each.name: each.erasure for each in await Journal(bus).all()}[Name(SALES, "contact", contact)]


async def _nothing_left(bus: Bus) -> bool:
    stream = bus.nc.jetstream()
    infos = [await stream.stream_info(each) for each in (subject.inbox_stream(EMAIL), TRANSFERS)]
    return all(info.state.messages == 0 for info in infos)
