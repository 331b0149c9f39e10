"""What comes in pieces, put together."""

from collections.abc import AsyncIterable


async def whole(chunks: AsyncIterable[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])
