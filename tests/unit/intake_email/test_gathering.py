"""Mails that came at nearly the same time go on together; nobody waits for nobody, nor for long."""

import asyncio

from intake_email.gathering import Gathering

LONG = 1e6


async def test_a_mail_that_no_other_may_follow_goes_on_at_once() -> None:
    waiting = asyncio.create_task(Gathering(LONG).wait(0))
    await asyncio.sleep(0)
    assert waiting.done()


async def test_without_patience_no_mail_waits() -> None:
    waiting = asyncio.create_task(Gathering(0).wait(7))
    await asyncio.sleep(0)
    assert waiting.done()


async def test_those_that_wait_go_on_with_the_last_one_that_may_come() -> None:
    gathering = Gathering(LONG)
    waiting = [asyncio.create_task(gathering.wait(others)) for others in (2, 1)]
    await asyncio.sleep(0)
    assert not any(each.done() for each in waiting)
    await gathering.wait(0)
    await asyncio.gather(*waiting)


async def test_none_waits_for_longer_than_the_patience_for_one_that_does_not_come() -> None:
    gathering = Gathering(0.001)
    for _ in range(3):
        await asyncio.gather(*(gathering.wait(5) for _ in range(3)))


async def test_one_that_gives_up_keeps_none_of_the_others() -> None:
    gathering = Gathering(LONG)
    gone, left = (asyncio.create_task(gathering.wait(3)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait({gone})
    assert not left.done()
    await gathering.wait(0)
    await left
