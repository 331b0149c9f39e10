"""A server that puts a client out: nats-py closes for good then, and the server may take it back at once."""

import asyncio

from frontline.runtime.bus import Bus
from frontline.runtime.reader import follow


async def test_whoever_is_put_out_connects_again_and_goes_on_where_they_were(provisioned: Bus) -> None:
    lost = asyncio.Event()
    provisioned.on_change(lambda connected: None if connected else lost.set())
    found: asyncio.Queue[bytes] = asyncio.Queue()

    async def read() -> None:
        async for batch in follow(provisioned, "TRANSCRIPT", "transcript.c1.pub", "live.c1.pub", recheck=600):
            for record in batch:
                found.put_nowait(record.data)

    reading = asyncio.create_task(read())
    await provisioned.publish("transcript.c1.pub", b"before")
    async with asyncio.timeout(60):
        assert await found.get() == b"before"
        await provisioned.nc._send_command(b"NO WORD OF THE PROTOCOL\r\n")
        await provisioned.nc._flush_pending()
        await lost.wait()
        await provisioned.wait_connected()
        await provisioned.publish("transcript.c1.pub", b"behind")
        assert await found.get() == b"behind"
    assert not provisioned.nc.is_closed
    reading.cancel()
