"""A cancellation is never swallowed."""

import asyncio

import pytest

from frontline.runtime.cancel import cancellable


async def swallows(forever: asyncio.Event) -> str:
    """As `asyncio.wait_for` may before Python 3.12."""
    try:
        await forever.wait()
    except asyncio.CancelledError:
        return "went on"
    return "done"


async def test_what_ends_gives_its_result() -> None:
    event = asyncio.Event()
    event.set()
    assert await cancellable(swallows(event)) == "done"


async def test_what_swallows_a_cancellation_does_not_keep_who_waits_for_it() -> None:
    task = asyncio.create_task(cancellable(swallows(asyncio.Event())))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_fails_fails_for_who_waits() -> None:
    async def breaks() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await cancellable(breaks())
