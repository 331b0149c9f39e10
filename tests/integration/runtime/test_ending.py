"""A subscription that is to end while the server is away."""

from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.login import Login
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
