"""A visitor's conversation over real sockets: accepted, shown, resumed."""

import asyncio
import uuid

import pytest

from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import DeliveryState, IdentityStatus, ThreadEvidence
from frontline.contract.transcript import Author, Direction, ItemKind
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from tests.integration.intake_chat.stage import SUPPORT, chatting, line


async def test_a_message_is_acknowledged_once_it_is_stored(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window = await stage.open(page="https://shop.example/cart?secret=1#x", language="de-AT")
        assert await window.say("Hallo?", "first-message") == {"type": "ack", "id": "first-message", "seq": 0}
        (message,) = await stage.desk.inbound()
        assert (message.text, message.reply_text, message.native_id) == ("Hallo?", "Hallo?", "first-message")
        assert (message.channel, message.inbox, message.language) == ("chat", SUPPORT, "de-at")
        assert message.native == {"page": "https://shop.example/cart"}
        assert message.sender.status is IdentityStatus.CLAIMED
        (key,) = message.thread
        assert (key.kind, key.value, key.evidence) == ("visitor", message.sender.address, ThreadEvidence.TOKEN)


async def test_what_is_said_and_answered_is_shown_in_order(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window, contact = await stage.talking()
        await stage.desk.answer(contact, "Which one?")
        frame = await window.next("message")
        assert (frame["text"], frame["from"]) == ("Which one?", {"role": "agent", "name": "Demo agent 1"})
        own = window.came[-2]
        assert own["type"] == "message"
        assert own["from"] == {"role": "visitor"}
        assert frame["seq"] > own["seq"] > 0
        await window.say("The red one.")
        await stage.desk.decide()
        assert await window.lines(1) == ["The red one."]


# hard-case 32
async def test_a_message_that_is_sent_again_is_one_message_and_has_the_same_answer(
    nats: EmbeddedServer, bus: Bus
) -> None:
    async with chatting(nats, bus) as stage:
        id_ = str(uuid.uuid4())
        window = await stage.open()
        first = await window.say("Hello?", id_)
        assert await window.say("Hello?", id_) == first
        again = await stage.open(window.token)
        assert await again.say("Hello?", id_) == first
        assert [message.text for message in await stage.desk.inbound()] == ["Hello?"]


async def test_the_same_id_of_another_visitor_is_another_message(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        for _ in range(2):
            await (await stage.open()).say("Hello?", "same-id-everywhere")
        assert len(await stage.desk.inbound()) == 2


# hard-case 33
async def test_after_a_break_the_conversation_goes_on_from_the_cursor(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window, contact = await stage.talking()
        await stage.desk.answer(contact, "seen")
        assert await window.lines(1) == ["seen"]
        await window.socket.close()
        missed = [f"missed {number}" for number in range(60)]
        for text in missed:
            await stage.desk.answer(contact, text)
        back = await stage.open(window.token, cursor=window.cursor)
        assert back.welcome["contact"] == contact
        assert await back.lines(60) == missed
        await stage.desk.answer(contact, "live")
        assert await back.lines(1) == ["live"]


async def test_without_a_cursor_the_whole_conversation_is_shown(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window, contact = await stage.talking("one")
        await stage.desk.answer(contact, "two")
        await window.lines(1)
        again = await stage.open(window.token)
        assert await again.lines(2) == ["one", "two"]


async def test_nothing_is_lost_or_shown_twice_while_windows_come_and_go(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window, contact = await stage.talking("0")
        count = 150

        async def answers() -> None:
            for number in range(1, count + 1):
                await stage.desk.answer(contact, str(number))
                await asyncio.sleep(0)

        shown = ["0"]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(answers())
            cursor, token = window.cursor, window.token
            await window.socket.close()
            while len(shown) <= count:
                window = await stage.open(token, cursor=cursor)
                for _ in range(min(7, count + 1 - len(shown))):
                    frame = await window.next("message")
                    shown.append(frame["text"])
                    cursor = frame["seq"]
                await window.socket.close()
        assert shown == [str(number) for number in range(count + 1)]


# hard-case 36
async def test_two_tabs_show_the_same_words_and_share_the_read_mark(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        first, contact = await stage.talking("from the first tab")
        second = await stage.open(first.token)
        assert await second.lines(1) == ["from the first tab"]
        await second.say("from the second tab")
        await stage.desk.decide()
        assert await first.lines(1) == await second.lines(1) == ["from the second tab"]
        reply = await stage.desk.answer(contact, "to both")
        assert await first.lines(1) == await second.lines(1) == ["to both"]
        await first.send(type="read", seq=first.cursor)
        assert (await second.next("read"))["seq"] == first.cursor
        await first.send(type="read", seq=first.cursor)
        await first.say("so that the mark is through")
        (mark,) = await stage.desk.marks()
        assert (mark.reply, mark.contact, mark.state) == (reply, contact, DeliveryState.READ)


# hard-case 35
async def test_words_after_a_resolved_contact_are_shown_wherever_they_come_to_stand(
    nats: EmbeddedServer, bus: Bus
) -> None:
    async with chatting(nats, bus) as stage:
        window, contact = await stage.talking("old")
        await stage.desk.answer(contact, "done")
        assert await window.lines(1) == ["done"]
        visitor = (await stage.desk.inbound())[0].sender.address
        await stage.desk.bind(visitor, ContactId("c-new"))  # the first one was closed meanwhile
        await window.say("It is broken again.")
        await stage.desk.decide()
        assert await window.lines(1) == ["It is broken again."]
        await stage.desk.answer(ContactId("c-new"), "We look.")
        assert await window.lines(1) == ["We look."]
        again = await stage.open(window.token, cursor=window.cursor)
        assert again.welcome["contact"] == "c-new"
        await stage.desk.answer(ContactId("c-new"), "It works.")
        assert await again.lines(1) == ["It works."]


async def test_aline_that_was_stored_twice_is_shown_once(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window, contact = await stage.talking("one")
        author = Author(role="agent", id="agent-1", name="Demo agent 1")
        item = line(MessageId("r-twice"), contact, "two", direction=Direction.OUT, author=author)
        await stage.desk.write(item)
        await stage.desk.write(item)
        await stage.desk.answer(contact, "three")
        assert await window.lines(2) == ["two", "three"]
        again = await stage.open(window.token)
        assert await again.lines(3) == ["one", "two", "three"]


async def test_notes_and_receipts_never_reach_a_visitor(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window, contact = await stage.talking()
        author = Author(role="agent", id="agent-1", name="Demo agent 1")
        note = line(
            MessageId("n1"), contact, "a secret", direction=Direction.INTERNAL, author=author, kind=ItemKind.NOTE
        )
        await stage.desk.write(note, internal=True)
        await stage.desk.write(note)  # not even when somebody puts it in the wrong place
        await stage.desk.answer(contact, "public")
        assert await window.lines(1) == ["public"]


async def test_the_other_side_of_nats_being_away_is_told_as_try_again(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus, ack_deadline=0.5) as stage:
        window = await stage.open()
        nats.pause()
        try:
            answer = await window.say("Hello?", "unlucky-one")
            assert (answer["type"], answer["code"], answer["id"]) == ("error", "unavailable", "unlucky-one")
            assert answer["retry_after"] > 0
            assert await window.closed() == 1013
        finally:
            nats.resume()
        while (await (await stage.open(window.token)).say("Hello?", "unlucky-one"))["type"] != "ack":
            pass  # a loaded machine may not store it within so short a time either
        assert [message.text for message in await stage.desk.inbound()] == ["Hello?"]


@pytest.mark.parametrize("count", [1, 40])
async def test_on_sigterm_sockets_are_sent_elsewhere_and_messages_in_hand_are_answered(
    nats: EmbeddedServer, bus: Bus, count: int
) -> None:
    async with chatting(nats, bus) as stage:
        windows = [await stage.open() for _ in range(count)]
        ids = [str(uuid.uuid4()) for _ in windows]
        for window, id_ in zip(windows, ids, strict=True):
            await window.send(type="message", id=id_, text="just in time")
        stopping = asyncio.create_task(stage.stop())
        assert {await window.closed() for window in windows} == {1012}
        await stopping
        stored = {message.native_id for message in await stage.desk.inbound()}
        acknowledged = {frame["id"] for window in windows for frame in window.came if frame["type"] == "ack"}
        assert acknowledged <= stored
