"""Whether a visitor is there: live as long as they are, gone when they say so or do not come back."""

import asyncio

from frontline.contract.deskview import Standing
from frontline.contract.message import InboundMessage, MessageKind, Presence
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from tests.integration.intake_chat.stage import PATIENCE, Stage, chatting, until

GONE = 0.05


async def told(stage: Stage, count: int) -> list[InboundMessage]:
    async with asyncio.timeout(PATIENCE):
        while len(found := await stage.desk.inbound()) < count:
            await asyncio.sleep(0.01)
    return found


async def test_who_writes_is_live_and_who_ends_the_chat_has_left(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window, _ = await stage.talking()
        await window.send(type="end")
        assert await window.closed() == 1000
        said, left = await stage.desk.inbound()
    assert said.presence is Presence.LIVE
    assert (left.kind, left.presence, left.text) == (MessageKind.SYSTEM, Presence.LEFT, "The visitor ended the chat.")
    assert left.sender.address == said.sender.address
    assert left.thread == said.thread


async def test_who_said_nothing_and_ends_the_chat_is_told_to_nobody(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus, chat_gone_seconds=GONE) as stage:
        window = await stage.open()
        await window.send(type="end")
        assert await window.closed() == 1000
        talking, _ = await stage.talking()
        await talking.socket.close()
        found = await told(stage, 2)
    assert [each.kind for each in found] == [MessageKind.MESSAGE, MessageKind.SYSTEM]


async def test_whose_last_window_is_closed_for_a_while_has_left_and_is_live_again_with_the_next_message(
    nats: EmbeddedServer, bus: Bus
) -> None:
    """Hard cases 33 and 34: the laptop was closed, the phone was put away."""
    async with chatting(nats, bus, chat_gone_seconds=GONE) as stage:
        window, contact = await stage.talking()
        await window.socket.close()
        (_, left) = await told(stage, 2)
        await stage.desk.decide()
        again = await stage.open(window.token, cursor=window.cursor)
        assert again.welcome["contact"] == contact
        await again.say("I am back.")
        await again.socket.close()
        found = await told(stage, 4)
    assert left.text == "The visitor left the page."
    assert [each.presence for each in found] == [Presence.LIVE, Presence.LEFT, Presence.LIVE, Presence.LEFT]
    assert found[3].id != left.id


async def test_who_comes_back_in_time_or_has_another_window_open_has_not_left(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus, chat_gone_seconds=3600) as stage:
        window, _ = await stage.talking()
        second = await stage.open(window.token)
        await window.socket.close()
        await second.socket.close()
        hub = stage.made[0]._server.hub
        assert hub is not None
        await until(lambda: hub.departures._due)
        third = await stage.open(window.token)
        assert hub.departures._due == {}
        await third.socket.close()
        await until(lambda: hub.departures._due)
        await stage.stop()
        assert len(await told(stage, 2)) == 2


async def test_who_came_back_to_another_process_has_not_left_here(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus, chat_gone_seconds=1.0) as stage, chatting(nats, bus) as other:
        window, contact = await stage.talking()
        there = await other.open(window.token)
        assert await there.lines(1) == ["It does not work."]
        hub = stage.made[0]._server.hub
        assert hub is not None
        await window.socket.close()
        async with asyncio.timeout(PATIENCE):
            while not hub.departures._due:
                await asyncio.sleep(0.01)
            while hub.departures._due or hub.departures._telling:
                await asyncio.sleep(0.01)
        assert there.welcome["contact"] == contact
        assert len(await stage.desk.inbound()) == 1


async def test_a_process_that_stops_tells_of_those_who_were_gone(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus, chat_gone_seconds=3600) as stage:
        gone, _ = await stage.talking("I go.")
        await gone.socket.close()
        hub = stage.made[0]._server.hub
        assert hub is not None
        async with asyncio.timeout(PATIENCE):
            while not hub.departures._due:
                await asyncio.sleep(0.01)
        here = await stage.open()
        await here.say("I stay.")
        await stage.stop()
        found = await stage.desk.inbound()
    assert [each.text for each in found] == ["I go.", "I stay.", "The visitor left the page."]
    assert found[2].sender == found[0].sender


async def test_a_visitor_whom_a_process_left_behind_and_who_comes_back_to_none_is_missed_by_the_next_one(
    nats: EmbeddedServer, bus: Bus
) -> None:
    async with chatting(nats, bus) as first:
        _, gone = await first.talking("I go.")
        _, away = await first.talking("I have left before.")
        window, stays = await first.talking("I come back.")
        await first.stop()
    here = Standing(state="assigned", here=True)
    await first.desk.show(contacts={gone: here, stays: here, away: Standing(state="assigned")})
    async with chatting(nats, bus) as other:
        back = await other.open(window.token)
        assert await back.lines(1) == ["I come back."]
        async with chatting(nats, bus, chat_gone_seconds=1.0) as second:
            (*_, left) = await told(second, 4)
            hub = second.made[0]._server.hub
            assert hub is not None
            await hub._strays.ask()  # again, and to its end: who was missed is so once, who is here not at all
            found = await second.desk.inbound()
    assert [each.text for each in found] == [
        "I go.",
        "I have left before.",
        "I come back.",
        "The visitor left the page.",
    ]
    assert (left.sender.address, left.presence) == (found[0].sender.address, Presence.LEFT)


async def test_a_departure_is_shown_to_agents_and_not_to_the_visitor(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window, contact = await stage.talking()
        await window.send(type="end")
        await window.closed()
        await stage.desk.decide()
        await stage.desk.answer(contact, "Goodbye.")
        again = await stage.open(window.token, cursor=window.cursor)
        assert await again.lines(1) == ["Goodbye."]


async def test_a_visitor_says_how_it_was_and_says_it_once(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window, _ = await stage.talking()
        for _ in range(2):
            await window.send(type="survey", score=4, text="Quick.")
            assert (await window.next("ack"))["id"] == "survey"
        await window.send(type="survey", score=9)
        assert (await window.next("error"))["code"] == "malformed"
        found = await stage.desk.inbound()
    assert len({each.id for each in found}) == 2
    assert (found[1].kind, found[1].native["score"], found[1].text) == (MessageKind.SURVEY, 4, "4 of 5: Quick.")


async def test_who_has_said_nothing_has_nothing_to_rate(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window = await stage.open()
        await window.send(type="survey", score=4)
        error = await window.next("error")
    assert (error["code"], error["id"]) == ("conflict", "survey")
