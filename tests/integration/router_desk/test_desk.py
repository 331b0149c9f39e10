"""The desk around its core, on a real nats-server."""

import asyncio
from contextlib import aclosing

from frontline.contract import subject
from frontline.contract.deskview import decode_desk_view
from frontline.contract.ids import ContactId
from frontline.contract.message import ThreadEvidence, ThreadKey
from frontline.contract.transcript import Direction, ItemKind, decode_item
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.reader import read
from frontline.runtime.topology import CUSTOMERS, DESKVIEW, DIRECTORY, EVENTS, KEYS, PARKED, TRANSCRIPT
from frontline.testing.nats_server import connected
from router.core.event import ContactAssigned, ContactOpened, MessageReceived, ReplyQueued
from router.core.event_clock import ClockMet, ClockStarted
from tests.integration.router_desk.desk import (
    AGENT,
    SIGNER,
    all_transcripts,
    answers,
    desk_on,
    events,
    killed_and_started,
    left_in_inbox,
    mail,
    outbox,
    reply,
    send_in,
    transcript,
    until,
)


async def test_a_mail_becomes_a_contact_with_an_agent_a_clock_and_its_words(provisioned: Bus) -> None:
    async with desk_on(provisioned):
        await send_in(provisioned, mail("<1@one.example>"))
        await until(lambda: _empty(provisioned))
        [opened] = await events(provisioned, ContactOpened)
        [assigned] = await events(provisioned, ContactAssigned)
        [clock] = await events(provisioned, ClockStarted)
        assert assigned.contact == clock.contact == opened.contact
        assert assigned.agent == AGENT
        [item] = await transcript(provisioned, opened.contact)
        assert (item.direction, item.text) == (Direction.IN, "Hello")
        assert await KeyValue(provisioned, CUSTOMERS).get(f"person.{opened.customer}") is not None


async def test_the_directory_tells_the_intakes_which_addresses_are_ours(provisioned: Bus) -> None:
    async with desk_on(provisioned):
        await until(lambda: _is_there(KeyValue(provisioned, DIRECTORY), "email.support"))


async def test_the_desk_shows_who_is_there(provisioned: Bus) -> None:
    async with desk_on(provisioned):
        bucket = KeyValue(provisioned, DESKVIEW)
        await until(lambda: _is_there(bucket, "support"))
        entry = await bucket.get("support")
        assert entry is not None
        view = decode_desk_view(entry.value)
        assert view.online
        assert [present.name for present in view.people] == ["Demo agent 1"]
        assert view.contacts == {}, "a mail's customer does not watch a page"


async def test_the_same_mail_again_decides_nothing_and_says_nothing_twice(provisioned: Bus) -> None:
    async with desk_on(provisioned):
        await send_in(provisioned, mail("<1@one.example>"))
        await until(lambda: _empty(provisioned))
        # A broker that forgot the message id: the desk's own keys have to know.
        await provisioned.publish("inbound.email.support", _encoded(mail("<1@one.example>")))
        await until(lambda: _empty(provisioned))
        assert len(await events(provisioned, MessageReceived)) == 1
        assert len(await all_transcripts(provisioned)) == 1


async def test_a_mail_that_was_known_before_the_index_floor_rose_is_still_known(provisioned: Bus) -> None:
    async with desk_on(provisioned) as replica:
        message = mail("<1@one.example>")
        await send_in(provisioned, message)
        keys = KeyValue(provisioned, KEYS)
        hashed = SIGNER.key_hash("key", message.key)
        await until(lambda: _is_there(keys, hashed))
        assert replica.leader is not None
        state = replica.leader.loop.state
        await until(lambda: state.contact_of(hashed) is None)
        await provisioned.publish("inbound.email.support", _encoded(message))
        await until(lambda: _empty(provisioned))
        assert len(await events(provisioned, MessageReceived)) == 1
        assert len(await all_transcripts(provisioned)) == 1


async def test_an_answer_to_a_mail_a_moment_later_finds_its_contact(provisioned: Bus) -> None:
    async with desk_on(provisioned):
        await send_in(provisioned, mail("<1@one.example>"))
        await send_in(provisioned, mail("<2@one.example>", thread=(answers("<1@one.example>"),)))
        await until(lambda: _empty(provisioned))
        first, second = await events(provisioned, MessageReceived)
        assert second.contact == first.contact
        assert second.threaded_by == "reference"


async def test_a_stranger_who_names_a_message_id_gets_a_contact_of_their_own(provisioned: Bus) -> None:
    async with desk_on(provisioned):
        await send_in(provisioned, mail("<1@one.example>"))
        await until(lambda: _empty(provisioned))
        forged = mail("<2@two.example>", sender="stranger@two.example", thread=(answers("<1@one.example>"),))
        await send_in(provisioned, forged)
        await until(lambda: _empty(provisioned))
        first, second = await events(provisioned, ContactOpened)
        assert second.linked_to == first.contact
        await until(lambda: _noticed(provisioned, first.contact, second.contact))
        await until(lambda: _noticed(provisioned, second.contact, first.contact))


async def _noticed(bus: Bus, contact: ContactId, named: ContactId) -> bool:
    """Whether the agents of `contact`, and nobody else, are told of `named`."""
    async with aclosing(read(bus, TRANSCRIPT, subject.transcript_internal(contact))) as items:
        lines = [decode_item(stored.data) async for stored in items]
    return [(line.kind, named in line.text) for line in lines] == [(ItemKind.SYSTEM, True)]


async def test_a_reply_is_counted_written_down_and_put_out_once(provisioned: Bus) -> None:
    async with desk_on(provisioned) as replica:
        await send_in(provisioned, mail("<1@one.example>"))
        await until(lambda: _empty(provisioned))
        [opened] = await events(provisioned, ContactOpened)
        answer = await reply(provisioned, replica, opened.contact, "r1", request="once")
        again = await reply(provisioned, replica, opened.contact, "r1", request="once")
        assert answer.seq > 0
        assert again.body == answer.body
        await until(lambda: _has(outbox(provisioned), 1))
        assert len(await events(provisioned, ReplyQueued)) == 1
        [met] = await events(provisioned, ClockMet)
        assert not met.late
        await until(lambda: _has(transcript(provisioned, opened.contact), 2))
        said = await transcript(provisioned, opened.contact)
        assert [item.direction for item in said] == [Direction.IN, Direction.OUT]


async def test_an_answer_that_carries_our_token_is_taken_from_anybody(provisioned: Bus) -> None:
    async with desk_on(provisioned) as replica:
        await send_in(provisioned, mail("<1@one.example>"))
        await until(lambda: _empty(provisioned))
        [opened] = await events(provisioned, ContactOpened)
        await reply(provisioned, replica, opened.contact, "r1")
        token = ThreadKey(kind="reply", value="r1", evidence=ThreadEvidence.TOKEN, binds=False)
        await send_in(provisioned, mail("<2@one.example>", sender="colleague@one.example", thread=(token,)))
        await until(lambda: _empty(provisioned))
        second = (await events(provisioned, MessageReceived))[1]
        assert (second.contact, second.threaded_by) == (opened.contact, "token")


async def test_garbage_is_parked_and_the_next_message_goes_through(provisioned: Bus) -> None:
    async with desk_on(provisioned):
        await provisioned.publish("inbound.email.support", b"\xff not a message")
        await send_in(provisioned, mail("<1@one.example>"))
        await until(lambda: _empty(provisioned))
        assert len(await events(provisioned, ContactOpened)) == 1
        parked = [stored async for stored in read(provisioned, PARKED, "parked.>")]
        assert [stored.subject for stored in parked] == ["parked.router.malformed"]
        assert parked[0].data == b"\xff not a message"


async def test_every_decision_is_told_on_events_with_a_growing_id(provisioned: Bus) -> None:
    async with desk_on(provisioned):
        await send_in(provisioned, mail("<1@one.example>"))
        await until(lambda: _told(provisioned, "event.support.ContactAssigned"))
        ids = [stored.headers["ce-id"] async for stored in read(provisioned, EVENTS, "event.support.>")]
        assert len(ids) == len(set(ids))


async def test_a_desk_that_starts_again_goes_on_where_it_was(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with desk_on(provisioned):
        await send_in(provisioned, mail("<1@one.example>"))
        await until(lambda: _empty(provisioned))
    async with connected(nats) as bus, desk_on(bus, holder="two") as replica:
        await send_in(bus, mail("<2@one.example>", thread=(answers("<1@one.example>"),)))
        await until(lambda: _empty(bus))
        first, second = await events(bus, MessageReceived)
        assert first.contact == second.contact
        assert len(await events(bus, ContactAssigned)) == 1
        assert replica.leads


async def test_a_second_replica_decides_nothing_until_the_first_lets_go(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with connected(nats) as bus:
        async with desk_on(provisioned, lease_seconds=60) as first:
            await until(lambda: first.leads)
            async with desk_on(bus, holder="two", lease_seconds=60) as second:
                await send_in(provisioned, mail("<1@one.example>"))
                await until(lambda: _empty(provisioned))
                await until(lambda: second.epoch == first.epoch)
                assert first.leads
                assert not second.leads
        async with desk_on(bus, holder="two") as second:
            await until(lambda: second.leads)


async def test_nats_goes_and_comes_back_and_the_same_leader_goes_on(nats: EmbeddedServer, provisioned: Bus) -> None:
    async with desk_on(provisioned) as replica:
        await send_in(provisioned, mail("<1@one.example>"))
        await until(lambda: _empty(provisioned))
        epoch = replica.epoch
        await killed_and_started(nats, provisioned)
        await send_in(provisioned, mail("<2@one.example>"))
        await until(lambda: _empty(provisioned))
        assert replica.epoch == epoch
        assert len(await events(provisioned, ContactOpened)) == 2


async def _empty(bus: Bus) -> bool:
    return await left_in_inbox(bus) == 0


async def _is_there(bucket: KeyValue, key: str) -> bool:
    return await bucket.get(key) is not None


async def _has(items: object, count: int) -> bool:
    assert asyncio.iscoroutine(items)
    return len(await items) == count


async def _told(bus: Bus, wanted: str) -> bool:
    return wanted in [stored.subject async for stored in read(bus, EVENTS, "event.>")]


def _encoded(message: object) -> bytes:
    from frontline.contract.codec import encode
    from frontline.contract.message import InboundMessage

    assert isinstance(message, InboundMessage)
    return encode(message)
