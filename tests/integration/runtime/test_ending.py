"""A connection and a subscription that are to end while the server is away or hangs."""

import asyncio
from pathlib import Path

import pytest
import uvloop

from frontline.runtime.cancel import cancellable
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.login import Login
from frontline.runtime.prompt_client import PromptClient
from frontline.runtime.subscription import broker_to, end
from frontline.testing.nats_server import nats_server
from tests.integration.runtime.stage import PATIENCE, until


async def test_a_subscription_ends_while_the_server_is_away_whatever_it_had_still_to_say(nats: EmbeddedServer) -> None:
    """nats-py raised what the lost connection answered, and a service that was told to stop ended as if it had crashed."""
    broker = broker_to(nats.url, Login(nats.token), name="ending", drain=0.1)
    client = await broker.connect()
    await nats.kill()
    await until(lambda: not client.is_connected)
    await client.publish("some.where", b"for the next connection")
    await end(broker, 1)
    assert client.is_closed


async def test_a_client_that_is_closed_connects_no_more_though_an_attempt_did_not_hear_that_it_was_cancelled(
    nats: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `wait_for` before Python 3.12, when what it waits for ends at the same time."""
    client = PromptClient()
    await client.connect(nats.url, token=nats.token, max_reconnect_attempts=-1, reconnect_time_wait=0)
    tried = asyncio.Event()

    async def deaf(_: object) -> None:
        tried.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            if not client.is_closed or heard:
                raise
            heard.append(True)
            raise OSError from None

    heard: list[bool] = []
    monkeypatch.setattr(client, "_connect_to_server", deaf)
    await nats.kill()
    await tried.wait()
    await client.close()
    assert heard
    assert client.is_closed
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_whoever_has_nothing_in_hand_waits_once_for_a_server_that_hangs_whatever_it_may_take_for_work(
    nats: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waited for as long as work in hand may take: nats-py asked again and again whether all had arrived."""
    broker = broker_to(nats.url, Login(nats.token), name="ending", drain=PATIENCE)
    await broker.connect()
    client = broker.client
    assert client is not None
    await client.subscribe("some.where")
    await client.publish("some.where", b"which nobody takes")
    await client.flush()
    asked: list[float] = []
    flush = client.flush

    async def noted(timeout: int = 10) -> None:
        asked.append(timeout)
        await flush(timeout)

    monkeypatch.setattr(client, "flush", noted)
    nats.pause()
    await end(broker, PATIENCE)
    assert asked == [2]
    assert client.is_closed


async def test_a_subscription_that_ends_while_it_connects_connects_no_more(nats: EmbeddedServer) -> None:
    broker = broker_to(nats.url, Login(nats.token), name="ending", drain=0.1)
    nats.pause()  # it takes connections, and says nothing
    starting = asyncio.create_task(cancellable(broker.start()))
    await until(lambda: broker.client is not None and broker.client._transport)
    starting.cancel()
    await asyncio.wait({starting})
    await end(broker, 1)
    await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
    assert broker.client is not None
    assert not broker.client.is_connected


def test_a_client_ends_though_the_server_hangs_and_much_is_still_to_be_sent(tmp_path: Path) -> None:
    """On the loop of a service, which raises what the other one passes over: it ended as if it had crashed."""

    async def send(client: PromptClient) -> None:
        while not client.is_closed:
            await client.publish("some.where", bytes(1 << 20))

    async def owe() -> None:
        async with nats_server(tmp_path) as server:
            client = PromptClient()
            await client.connect(server.url)
            server.pause()
            sending = asyncio.create_task(send(client))
            await until(lambda: (writer := client._writer()) and writer.transport.get_write_buffer_size())
            await client.publish("some.where", b"behind all that")
            assert client.pending_data_size
            await client.leave()
            assert client.is_closed
            sending.cancel()
            await asyncio.wait({sending})

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(owe())
