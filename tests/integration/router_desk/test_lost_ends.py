"""Two desks on a real nats-server, whose logs lose their ends: contacts are at one desk again, and nothing is missed."""

from frontline.contract import subject
from frontline.contract.codec import encode
from frontline.contract.ids import ContactId, DeskId
from frontline.contract.message import InboundMessage
from frontline.runtime.bus import Bus
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import KEYS, TRANSFERS
from router.core.event import DeskDecision, MessageReceived
from router.core.event_transfer import ContactTaken, TransferRecovered, TransferTaken
from router.desk.fence import Counted, Fence
from router.desk.log_store import StreamLogStore
from tests.integration.router_desk.between import SALES, SUPPORT, Desks
from tests.integration.router_desk.desk import EMAIL, SIGNER, mail, send_in, until


async def test_a_contact_that_was_given_away_in_a_lost_end_is_let_go_of_again(provisioned: Bus) -> None:
    async with Desks(provisioned) as desks:
        contact = await _given(desks)
        await _lose(desks, SUPPORT, TransferTaken)
        await until(lambda: desks.replicas[SUPPORT].leads)
        await until(lambda: not desks.has(SUPPORT, contact))
        [recovered] = [event for event in await desks.decided(SUPPORT) if isinstance(event, TransferRecovered)]
        assert (recovered.contact, recovered.desk, recovered.moves) == (contact, SALES, 1)
        assert desks.has(SALES, contact)


async def test_a_contact_that_was_taken_in_a_lost_end_is_taken_from_the_log_that_has_its_parcel(
    provisioned: Bus,
) -> None:
    async with Desks(provisioned) as desks:
        contact = await _given(desks)
        await _lose(desks, SALES, ContactTaken)
        await until(lambda: desks.has(SALES, contact))
        assert not desks.has(SUPPORT, contact)
        taken = [event for event in await desks.decided(SALES) if isinstance(event, ContactTaken)]
        assert [event.contact for event in taken] == [contact]


async def test_a_message_that_comes_again_is_decided_again_if_the_log_has_lost_that_it_was(provisioned: Bus) -> None:
    async with Desks(provisioned) as desks:
        message = mail("<1@one.example>")
        contact = ContactId("c" + message.id[1:])
        await send_in(provisioned, message)
        await until(lambda: desks.has(SUPPORT, contact))
        await until(lambda: _known(provisioned, message))
        await until(lambda: _empty(provisioned, subject.inbox_stream(EMAIL)))
        await _lose(desks, SUPPORT, MessageReceived)
        await until(lambda: desks.replicas[SUPPORT].leads)
        assert not desks.has(SUPPORT, contact)
        await provisioned.publish(subject.inbound(EMAIL, message.inbox), encode(message), {"Nats-Msg-Id": "again"})
        await until(lambda: desks.has(SUPPORT, contact))


async def _given(desks: Desks) -> ContactId:
    """A contact that was given to the other desk, and taken there; and nothing is under way any more."""
    message = mail("<1@one.example>")
    contact = ContactId("c" + message.id[1:])
    await send_in(desks.bus, message)
    await until(lambda: desks.has(SUPPORT, contact))
    await desks.give(contact)
    await until(lambda: desks.has(SALES, contact) and not desks.has(SUPPORT, contact))
    await until(lambda: _empty(desks.bus, TRANSFERS))
    await until(lambda: _empty(desks.bus, subject.inbox_stream(EMAIL)))
    return contact


async def _lose(desks: Desks, desk: DeskId, kind: type[DeskDecision]) -> None:
    """The log of a desk, from its first decision of this kind on, while nobody leads it; then somebody does again."""
    await desks.kill(desk)
    fence, kept = Fence(), []
    async for stored in StreamLogStore(desks.bus, desk).read(0):
        record = fence.admit(stored)
        if isinstance(record, Counted) and any(isinstance(event, kind) for event in record.commit.events):
            break
        kept.append(stored)
    stream = desks.bus.nc.jetstream()
    config = (await stream.stream_info(subject.desk_stream(desk))).config
    await stream.delete_stream(subject.desk_stream(desk))
    await stream.add_stream(config)
    for stored in kept:
        await desks.bus.publish(stored.subject, stored.data)
    desks.lead(desk)


async def _known(bus: Bus, message: InboundMessage) -> bool:
    return await KeyValue(bus, KEYS).get(SIGNER.key_hash("key", message.key)) is not None


async def _empty(bus: Bus, stream: str) -> bool:
    return (await bus.nc.jetstream().stream_info(stream)).state.messages == 0
