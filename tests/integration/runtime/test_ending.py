"""A connection and a subscription that are to end while the server is away."""

import asyncio

import pytest

from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.login import Login
from frontline.runtime.prompt_client import PromptClient
from frontline.runtime.subscription import broker_to, end
from tests.integration.runtime.stage import until


async def test_a_subscription_ends_while_the_server_is_away_whatever_it_had_still_to_say(nats: EmbeddedServer) -> None:
    """nats-py raised what the lost connection answered, and a service that was told to stop ended as if it had crashed."""
    broker = broker_to(nats.url, Login(nats.token), name="ending", drain=0.1)
    client = await broker.connect()
    await nats.kill()
    await until(lambda: not client.is_connected)
    await client.publish("some.where", b"for the next connection")
    await end(broker, client, 1)
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
