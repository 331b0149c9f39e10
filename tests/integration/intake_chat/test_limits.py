"""Which sockets are taken, how much they may do, and what visitors are told meanwhile."""

import asyncio
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from frontline.contract.deskview import Present, Range, Standing
from frontline.contract.signal import Typing
from frontline.runtime.bus import Bus
from frontline.runtime.conversation import ChannelSignals
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.telemetry import logger
from intake_chat.normalize import CHANNEL
from tests.integration.intake_chat.raw import frame, handshake
from tests.integration.intake_chat.stage import PATIENCE, SUPPORT, chatting, reply, until


# hard-case 39
async def test_fifty_visitors_behind_one_address_talk_and_a_bot_among_them_is_slowed(
    nats: EmbeddedServer, bus: Bus
) -> None:
    async with chatting(nats, bus, chat_messages_per_minute=6) as stage:
        people = [await stage.open() for _ in range(50)]
        bot = await stage.open()
        answers = [await bot.say(f"spam {number}") for number in range(40)]
        refused = [answer for answer in answers if answer["type"] != "ack"]
        assert 20 < len(refused) <= 40 - 12, "and one more in ten seconds"
        assert {(answer["code"], answer["retry_after"] > 0) for answer in refused} == {("too_many", True)}
        for window in people:
            assert (await window.say("Good morning"))["type"] == "ack"
        again = await stage.open(bot.token)
        more = [await again.say("more") for _ in range(10)]
        assert "too_many" in [answer.get("code") for answer in more], "it is not another one by coming again"


# hard-case 39
async def test_a_bot_that_is_a_new_visitor_each_time_meets_the_limit_of_its_address(
    nats: EmbeddedServer, bus: Bus
) -> None:
    async with chatting(nats, bus, chat_messages_per_minute_per_address=5) as stage:
        answers = [await (await stage.open()).say("spam") for _ in range(7)]
        assert [answer.get("code", answer["type"]) for answer in answers] == ["ack"] * 5 + ["too_many"] * 2


async def test_the_last_hop_that_our_own_proxy_names_is_the_address(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(
        nats, bus, chat_messages_per_minute_per_address=1, chat_trusted_proxies=("127.0.0.1",)
    ) as stage:
        for client in ("192.0.2.1", "192.0.2.2"):
            window = await stage.open(headers={"X-Forwarded-For": f"203.0.113.9, {client}"})
            assert (await window.say("hello"))["type"] == "ack"
        window = await stage.open(headers={"X-Forwarded-For": "198.51.100.7, 192.0.2.1"})
        assert (await window.say("hello"))["code"] == "too_many"


async def test_windows_of_one_visitor_and_sockets_of_the_process_are_bounded(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus, chat_max_sockets_per_visitor=2, chat_max_sockets=4) as stage:
        first = await stage.open()
        others = [await stage.open(first.token)]
        assert await stage.refused(token=first.token) == ("too_many", 1008)
        await until(lambda: len(stage.made[0]._server.hub.sockets) == 2)  # type: ignore[union-attr]
        others += [await stage.open(), await stage.open()]
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            await stage.connect()
        assert error.value.status == 503


@pytest.mark.parametrize(
    "frame,code",
    [
        ("no json", "malformed"),
        ('{"type":"nonsense"}', "malformed"),
        ('{"type":"message","id":"x","text":"short id"}', "malformed"),
        ('{"type":"message","id":"with spaces in it","text":""}', "malformed"),
        ('{"type":"message","id":"ends-with-a-line\\n","text":""}', "malformed"),
        ('{"type":"message","id":"' + "x" * 12 + '","text":"\\ud800"}', "malformed"),
        ('{"type":"hello","v":1,"inbox":"support"}', "malformed"),
    ],
)
async def test_what_is_no_frame_of_the_protocol_ends_the_socket(
    nats: EmbeddedServer, bus: Bus, frame: str, code: str
) -> None:
    async with chatting(nats, bus) as stage:
        window = await stage.open()
        await window.socket.send_str(frame)
        assert (await window.next("error"))["code"] == code
        assert await window.closed() == 1008


async def test_who_says_no_hello_is_sent_away(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus, chat_hello_timeout=0.2) as stage:
        silent = await stage.connect()
        assert await silent.closed() == 1008


async def test_what_comes_before_a_hello_or_instead_of_one_is_refused(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window = await stage.connect()
        await window.send(type="typing")
        assert await window.closed() == 1008
        assert await stage.refused(v=2) == ("malformed", 1008)
        assert await stage.refused(inbox="nowhere") == ("unknown_inbox", 1008)
        binary = await stage.open()
        await binary.socket.send_bytes(b"{}")
        assert await binary.closed() == 1008


async def test_too_much_in_one_message_or_frame_is_told_and_nothing_is_stored(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus, chat_max_text=100, chat_max_frame=2000) as stage:
        window = await stage.open()
        assert (await window.say("x" * 101))["code"] == "too_large"
        assert (await window.say("  \n "))["code"] == "conflict"
        assert (await window.say("x" * 100))["type"] == "ack"
        await window.send(type="message", id=str(uuid.uuid4()), text="x" * 3000)
        assert await window.closed() == 1009
        assert len(await stage.desk.inbound()) == 1


async def test_a_flood_of_frames_ends_the_socket(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus, chat_frames_per_minute=60) as stage:  # a third of them at once
        window = await stage.open()
        for _ in range(100):
            await window.send(type="typing")
        assert (await window.next("error"))["code"] == "too_many"
        assert await window.closed() == 1008


# hard-case 33
async def test_a_slow_reader_is_sent_away_holds_nobody_up_and_resumes_by_its_cursor(
    nats: EmbeddedServer, bus: Bus
) -> None:
    async with chatting(nats, bus, chat_max_unread_bytes=64 * 1024) as stage:
        quick, contact = await stage.talking("0")
        _, writer = await asleep(stage.address, {"inbox": SUPPORT, "token": quick.token})
        hub = stage.made[0]._server.hub
        assert hub is not None
        conversation = next(iter(hub.by_visitor.values()))
        await until(lambda: len(conversation.live) == 2)
        text = "x" * 20_000
        for number in range(1, 400):
            await stage.desk.answer(contact, f"{number} {text}")
            assert (await quick.lines(1))[0].startswith(f"{number} ")
            if len(hub.sockets) == 1 or len(conversation.live) == 1:
                break
        await until(lambda: stage.figure("frontline_chat_sockets_closed_total", code="1013") == 1)
        writer.close()
        back = await stage.open(quick.token, cursor=quick.came[-2]["seq"] if quick.came[-2]["type"] == "message" else 0)
        assert (await back.lines(1))[0].startswith(f"{number} ")


async def asleep(address: str, hello: dict[str, Any]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that says hello and then reads nothing: its network has gone to sleep."""
    reader, writer = await handshake(address, buffer=4096)
    writer.write(frame(json.dumps({"type": "hello", "v": 1, **hello}).encode()))
    await writer.drain()
    assert isinstance(writer.transport, asyncio.ReadTransport)
    writer.transport.pause_reading()
    return reader, writer


@pytest.mark.parametrize(
    "origin,status", [("https://evil.example", 403), ("null", 403), ("https://shop.example", 101), (None, 101)]
)
async def test_a_page_that_is_not_on_the_list_gets_no_socket(
    nats: EmbeddedServer, bus: Bus, origin: str | None, status: int
) -> None:
    async with chatting(nats, bus, chat_origins=("https://shop.example",), env="production") as stage:
        headers = {"Origin": origin} if origin else {}
        if status == 101:
            await stage.open(headers=headers)
        else:
            with pytest.raises(aiohttp.WSServerHandshakeError) as error:
                await stage.connect(headers=headers)
            assert error.value.status == status
        async with stage.client.get(f"{stage.url}/chat/presence?inbox=support", headers=headers) as response:
            assert response.status == (200 if status == 101 else 403)
            assert response.headers.get("Access-Control-Allow-Origin") == (origin if status == 101 else None)


# hard-case 40
async def test_rule_3_a_visitor_is_told_who_is_there_how_long_it_takes_or_when_somebody_is_back(
    nats: EmbeddedServer, bus: Bus
) -> None:
    async with chatting(nats, bus, chat_presence_interval=0.05) as stage:

        async def asked(inbox: str = "support") -> tuple[int, Any]:
            async with stage.client.get(f"{stage.url}/chat/presence?inbox={inbox}") as response:
                return response.status, await response.json(content_type=None)

        nobody = {"online": False, "people": [], "wait": None, "opens_at": None}
        assert await asked() == (200, nobody)
        window = await stage.open()
        assert window.welcome["presence"] == nobody
        people = (Present(name="Demo agent 1", picture="https://frontline.example/1.png"), Present(name="Demo agent 2"))
        await stage.desk.show(people=people, wait={"chat": Range(low=timedelta(minutes=1), high=timedelta(minutes=4))})
        there = {
            "online": True,
            "people": [
                {"name": "Demo agent 1", "picture": "https://frontline.example/1.png"},
                {"name": "Demo agent 2"},
            ],
            "wait": {"low": "PT60S", "high": "PT240S"},
            "opens_at": None,
        }
        assert await window.next("presence") == {"type": "presence", **there}
        assert await asked() == (200, there)
        opens = datetime(2027, 1, 4, 8, tzinfo=UTC)
        await stage.desk.show(online=False, opens_at=opens)  # hard-case 41
        away = {**nobody, "opens_at": "2027-01-04T08:00:00Z"}
        assert await window.next("presence") == {"type": "presence", **away}
        assert (await asked("nowhere"))[0] == 404


# hard-case 40
async def test_rule_3_a_visitor_is_told_where_they_stand_while_they_wait(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window, contact = await stage.talking()
        wait = Range(low=timedelta(0), high=timedelta(minutes=2))
        await stage.desk.show(contacts={contact: Standing(state="waiting", position=2, wait=wait)})
        assert await window.next("state") == {
            "type": "state", "state": "waiting", "position": 2, "low": "P0D", "high": "PT120S",
        }  # fmt: skip
        other = await stage.open(window.token, cursor=window.cursor)
        assert (await other.next("state"))["position"] == 2
        assigned = Standing(state="assigned", agent="agent-1", agent_name="Demo agent 1", agent_picture="/1.png")  # type: ignore[arg-type]
        await stage.desk.show(contacts={contact: assigned})
        state = await window.next("state")
        assert (state["state"], state["agent"]) == ("assigned", {"name": "Demo agent 1", "picture": "/1.png"})
        await stage.desk.answer(contact, "Hello")
        assert (await window.next("message"))["from"]["picture"] == "/1.png"
        await stage.desk.show()
        assert (await window.next("state")) == {"type": "state", "state": "resolved"}


async def test_typing_passes_both_ways_and_is_throttled(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window, contact = await stage.talking()
        agent = ChannelSignals(bus, CHANNEL, logger("test"))
        heard = agent.listen()
        first = asyncio.ensure_future(anext(heard))
        await bus.nc.flush()
        await asyncio.sleep(0)  # let it subscribe
        await bus.nc.flush()
        for _ in range(5):
            await window.send(type="typing")
        inbox, signal = await asyncio.wait_for(first, PATIENCE)
        assert (inbox, signal) == (SUPPORT, Typing(contact=contact, who="customer"))
        await agent.send(SUPPORT, Typing(contact=contact, who="agent"))
        assert await window.next("typing") == {"type": "typing"}
        assert await anext(heard) == (SUPPORT, Typing(contact=contact, who="agent"))  # and no second one before it
        await heard.aclose()


async def test_end_closes_every_window_of_the_visitor(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        window = await stage.open()
        other = await stage.open(window.token)
        await window.send(type="end")
        assert await window.closed() == 1000
        assert await other.closed() == 1000


async def test_a_reply_counts_as_delivered_when_somebody_looks_and_as_sent_when_nobody_does(
    nats: EmbeddedServer, bus: Bus
) -> None:
    async with chatting(nats, bus) as stage:
        window, contact = await stage.talking()
        hub = stage.made[0]._server.hub
        assert hub is not None
        await until(lambda: hub.is_here(contact))  # once all has been shown, a little behind the last line
        delivered = await stage.made[0].deliver(reply(contact))
        assert delivered.state == "delivered"
        await window.socket.close()
        await until(lambda: not hub.sockets)
        assert (await stage.made[0].deliver(reply(contact))).state == "sent"
        assert hub.by_visitor == {}
        assert hub._by_contact == {}


async def test_an_idle_visitor_without_a_word_costs_no_task(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus) as stage:
        windows = [await stage.open() for _ in range(20)]
        ours = [task for task in asyncio.all_tasks() if "Conversation" in repr(task.get_coro())]
        assert (len(windows), ours) == (20, [])
        await windows[0].say("hello")
        ours = [task for task in asyncio.all_tasks() if "Conversation" in repr(task.get_coro())]
        assert len(ours) == 1


async def test_the_channel_starts_while_nats_is_away_and_says_so(nats: EmbeddedServer, bus: Bus) -> None:
    async with chatting(nats, bus, announced=False) as stage:
        nats.pause()
        try:
            async with stage.client.get(f"{stage.url}/widget.js") as response:
                assert response.status == 200
                assert "public" in response.headers["Cache-Control"]
                etag = response.headers["ETag"]
            async with stage.client.get(f"{stage.url}/widget.js", headers={"If-None-Match": etag}) as response:
                assert response.status == 304
        finally:
            nats.resume()
