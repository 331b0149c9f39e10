"""What goes out in one piece, and what does not go out at all because the connection is lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from frontline.contract import subject
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import ChannelName, InboxId
from frontline.runtime.bus import Bus, PubAck, Together, WrongSequence
from frontline.runtime.embedded import EmbeddedServer
from tests.integration.router_log.proxy import Fate, Proxy, proxy_to

ON = subject.inbound(ChannelName("pigeon"), InboxId("coop"))
_SEQUENCE = "Nats-Expected-Last-Subject-Sequence"


@pytest_asyncio.fixture
async def proxy(nats: EmbeddedServer) -> AsyncIterator[Proxy]:
    async with proxy_to(nats.config.port) as proxy:
        yield proxy


@pytest_asyncio.fixture
async def behind(proxy: Proxy) -> AsyncIterator[Bus]:
    """A connection through the proxy, which comes back at once."""
    bus = Bus(name="behind")
    await bus.connect(proxy.url, reconnect_time_wait=0.01)
    yield bus
    await bus.close()


async def stored(bus: Bus) -> list[bytes]:
    js = bus.nc.jetstream()
    name = await js.find_stream_name_by_subject(ON)
    state = (await js.stream_info(name)).state
    found = [await js.get_msg(name, seq) for seq in range(state.first_seq, state.last_seq + 1)]
    return [message.data or b"" for message in found]


async def test_what_is_refused_because_the_connection_is_lost_is_not_stored_by_the_next_one(
    provisioned: Bus, proxy: Proxy, behind: Bus
) -> None:
    refused = 0
    for _ in range(10):
        proxy.cut()
        under_way = []
        while behind.connected:  # until it is noticed, each in another turn of the loop
            under_way.append(await behind.begin(ON, b"refused"))
            under_way.append(await behind.begin(ON, b"refused", {"Odd": "with \r\n a break"}))
            await asyncio.sleep(0)
        for each in under_way:
            with pytest.raises(Unavailable):
                await each
        refused += len(under_way)
        await behind.wait_connected()
        await behind.publish(ON, b"taken")
    assert refused > 10
    assert await stored(provisioned) == [b"taken"] * 10


async def test_what_is_refused_because_the_loss_is_noticed_in_the_turn_it_was_to_be_sent_in_is_not_stored_later(
    provisioned: Bus, behind: Bus
) -> None:
    under_way = [await behind.begin(ON, b"refused", head) for head in (None, {"Plain": "1"}) for _ in range(3)]
    await behind.nc._process_op_err(ConnectionResetError())  # as nats-py does when it reads that the connection is gone
    for each in under_way:
        with pytest.raises(Unavailable):
            await each
    await behind.wait_connected()
    await behind.publish(ON, b"taken")
    assert await stored(provisioned) == [b"taken"]


async def test_what_is_sent_in_one_turn_is_stored_in_its_order_whatever_its_headers(provisioned: Bus) -> None:
    heads: list[dict[str, str] | None] = [None, {"Plain": "1"}, {"Odd": "with \r\n a break"}]
    acks = [await provisioned.begin(ON, b"%d" % number, heads[number % 3]) for number in range(30)]
    sequences = [(await ack).seq for ack in acks]
    assert sequences == sorted(sequences)
    assert await stored(provisioned) == [b"%d" % number for number in range(30)]


async def test_a_flush_ends_once_the_server_has_all_that_was_said_before_it(proxy: Proxy) -> None:
    said: list[bytes] = []

    def listen(frame: bytes) -> Fate:
        said.append(frame)
        return Fate.PASS

    bus = Bus(name="behind")
    await bus.connect(proxy.url, ping_interval=3600)
    await bus.nc.flush()
    proxy.requests = listen
    await bus.nc.subscribe("look.>")
    await bus.nc.publish("look.1", b"by the client's own way")
    under_way = await bus.begin_request("look.2", b"by ours")
    await bus.nc.flush()
    assert [frame.split()[0] for frame in said] == [b"SUB", b"PUB", b"PUB", b"PING"]
    under_way.cancel()
    await bus.close()


async def test_more_than_the_network_takes_at_once_is_sent_all_the_same(provisioned: Bus) -> None:
    payload = b"x" * 500_000
    acks = [await provisioned.begin(ON, payload) for _ in range(20)]
    assert len({(await ack).seq for ack in acks}) == 20


async def test_each_of_several_that_go_out_together_has_an_outcome_of_its_own(provisioned: Bus) -> None:
    together = Together(3)
    await provisioned.begin_together(
        together, (ON, b"one", None), (ON, b"two", {_SEQUENCE: "7"}), ("nobody.takes.this", b"three", None)
    )
    await together.wait()
    first, second, third = together.outcomes
    assert isinstance(first, PubAck)
    assert isinstance(second, WrongSequence)
    assert isinstance(third, Unavailable)


async def test_one_of_several_that_is_too_large_keeps_none_of_the_others_back(provisioned: Bus) -> None:
    together = Together(2)
    huge = b"x" * (provisioned.nc.max_payload + 1)
    await provisioned.begin_together(together, (ON, huge, None), (ON, b"small", None))
    await together.wait()
    first, second = together.outcomes
    assert isinstance(first, Rejected)
    assert isinstance(second, PubAck)


async def test_several_that_go_out_together_are_all_lost_with_the_connection(proxy: Proxy, behind: Bus) -> None:
    proxy.answers = lambda _: Fate.HOLD
    proxy.hold()
    together = Together(2)
    await behind.begin_together(together, (ON, b"one", None), (ON, b"two", None))
    proxy.cut()
    await together.wait()
    assert [type(outcome) for outcome in together.outcomes] == [Unavailable, Unavailable]


async def test_whoever_waits_for_several_may_be_cancelled_and_they_are_stored_all_the_same(provisioned: Bus) -> None:
    together = Together(2)
    await provisioned.begin_together(together, (ON, b"one", None), (ON, b"two", None))
    waiting = asyncio.create_task(together.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()
    await together.wait()
    assert await stored(provisioned) == [b"one", b"two"]
