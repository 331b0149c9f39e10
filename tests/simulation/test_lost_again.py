"""A connection that is lost again before whoever waited for it is woken."""

import asyncio
from contextlib import aclosing
from random import Random

from frontline.runtime.reader import follow
from frontline.runtime.topology import stream_configs
from tests.simulation.desk import firm
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.client import SimulatedClient, bus_to
from tests.simulation.faults import Faults
from tests.simulation.virtual_loop import run_virtually


def test_a_follower_waits_on_when_the_connection_is_lost_before_it_has_subscribed() -> None:
    async def run() -> list[bytes]:
        broker = Broker(stream_configs(firm.TOPOLOGY), asyncio.get_running_loop().time)
        client, other = (SimulatedClient(broker, Random(n), Faults(latency=0.0), n) for n in range(2))
        bus, writer = await bus_to(client, ack_deadline=60.0), await bus_to(other, ack_deadline=60.0)
        await writer.publish("transcript.c1.pub", b"said")
        client.cut()
        while bus._up.is_set():
            await asyncio.sleep(0)

        found: list[bytes] = []

        async def read() -> None:
            async with aclosing(follow(bus, "TRANSCRIPT", "transcript.c1.pub", "live.c1.pub")) as batches:
                async for batch in batches:
                    found.extend(record.data for record in batch)
                    if found:
                        return

        def lose_again(connected: bool) -> None:
            if connected:
                bus.off_change(lose_again)
                client.cut()

        bus.on_change(lose_again)
        reading = asyncio.create_task(read())
        await asyncio.sleep(1)
        client.mend()
        await asyncio.sleep(1)
        assert not client.is_connected
        assert not reading.done()
        client.mend()
        async with asyncio.timeout(60):
            await reading
        return found

    assert run_virtually(run()) == [b"said"]
