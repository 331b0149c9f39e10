"""Asks a service's ops port whether it is ready, and whether it lives. By hand: an HTTP client takes longer to import
than all services together take to answer.
"""

import asyncio
from contextlib import suppress

from frontline.supervisor.address import split

_READY_WITHIN = 2.0
"""Seconds."""


async def is_ready(ops: str) -> bool:
    """Whether `http://<ops>/healthz/ready` says 200 now."""
    return await _is_well(ops, "ready", _READY_WITHIN)


async def is_alive(ops: str, *, timeout: float) -> bool:
    """Whether `http://<ops>/healthz/live` says 200 now."""
    return await _is_well(ops, "live", timeout)


async def _is_well(ops: str, probe: str, timeout: float) -> bool:
    host, port = split(ops)
    writer = None
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"GET /healthz/{probe} HTTP/1.0\r\nHost: {ops}\r\n\r\n".encode())
            return (await reader.readline()).split(b" ")[1:2] == [b"200"]
    except (OSError, TimeoutError):
        return False
    finally:
        if writer is not None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
