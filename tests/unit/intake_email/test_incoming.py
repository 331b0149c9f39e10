"""A mail is counted while it comes in; a small one lies in memory, a large one only flows through it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from frontline.contract.error import Reason, Rejected, Unavailable
from intake_email.incoming import LARGE, LARGE_COST, Incoming

PIECE = b"Subject: x\r\n\r\n" + b"x" * (65536 - 14)


class Limits:
    smtp_max_size = 100 * LARGE
    smtp_max_header = 1000


class Flow:
    """A connection, as far as it can be paused; and whoever stores what comes."""

    def __init__(self) -> None:
        self.paused = False
        self.claimed = 0
        self.room = 1 << 40
        self.stored: list[bytes] = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.failure: Exception | None = None

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def claim(self, octets: int) -> bool:
        if self.claimed + octets > self.room:
            return False
        self.claimed += octets
        return True

    async def small(self, raw: bytes) -> str:
        self.stored.append(raw)
        return "small"

    async def large(self, chunks: AsyncIterator[bytes]) -> str:
        async for chunk in chunks:
            await self.go_on.wait()
            if self.failure is not None:
                raise self.failure
            self.stored.append(chunk)
        return "large"


def incoming(flow: Flow, limits: Limits | None = None) -> Incoming[str]:
    return Incoming(limits or Limits(), flow, flow.claim, flow.small, flow.large)


async def test_a_small_mail_is_stored_whole() -> None:
    flow = Flow()
    mail = incoming(flow)
    mail.take(b"Subject: x\r\n")
    mail.take(b"\r\ntext")
    assert await mail.outcome() == "small"
    assert flow.stored == [b"Subject: x\r\n\r\ntext"]
    assert mail.held == flow.claimed == 18


async def test_a_large_mail_flows_through() -> None:
    flow = Flow()
    mail = incoming(flow)
    for _ in range(50):
        mail.take(PIECE)
        await asyncio.sleep(0)
    assert await mail.outcome() == "large"
    assert b"".join(flow.stored) == PIECE * 50
    assert mail.held <= LARGE_COST


async def test_a_sender_faster_than_the_store_is_slowed_down() -> None:
    flow = Flow()
    flow.go_on.clear()
    mail = incoming(flow)
    count = 0
    while not flow.paused:
        mail.take(PIECE)
        count += 1
        await asyncio.sleep(0)
    assert count * len(PIECE) < 1 << 20
    flow.go_on.set()
    assert await mail.outcome() == "large"
    assert not flow.paused
    assert b"".join(flow.stored) == PIECE * count


async def test_a_store_that_fails_in_the_middle_is_told_at_the_end_and_holds_nobody_up() -> None:
    flow = Flow()
    flow.failure = Unavailable("full", full=True)
    mail = incoming(flow)
    for _ in range(50):
        mail.take(PIECE)
        await asyncio.sleep(0)
    assert not flow.paused
    with pytest.raises(Unavailable):
        await mail.outcome()


async def test_a_mail_that_breaks_off_is_not_stored() -> None:
    flow = Flow()
    flow.go_on.clear()
    mail = incoming(flow)
    for _ in range(6):
        mail.take(PIECE)
    await asyncio.sleep(0)
    await mail.close()
    assert flow.stored == []


@pytest.mark.parametrize("pieces", [1, 200])
async def test_a_mail_over_the_limit_is_refused_and_dropped(pieces: int) -> None:
    class Small(Limits):
        smtp_max_size = 2 * LARGE if pieces > 1 else 100

    flow = Flow()
    mail = incoming(flow, Small())
    for _ in range(pieces):
        mail.take(PIECE)
        await asyncio.sleep(0)
    with pytest.raises(Rejected) as told:
        await mail.outcome()
    assert told.value.reason is Reason.TOO_LARGE
    assert len(b"".join(flow.stored)) <= 2 * LARGE
    await mail.close()


async def test_a_header_over_the_limit_is_refused_and_a_body_is_none() -> None:
    mail = incoming(Flow())
    mail.take(b"\r\n" + b"x" * 5000)
    assert await mail.outcome() == "small"
    mail = incoming(Flow())
    for _ in range(120):
        mail.take(b"X-A: b\r\n ")
    with pytest.raises(Rejected):
        await mail.outcome()


async def test_a_header_ends_at_its_blank_line_however_that_is_cut() -> None:
    for head in (b"A: b\r\n\r\n", b"A: b\n\n", b"A: b\r\n\n"):
        mail = incoming(Flow())
        for octet in head:
            mail.take(bytes([octet]))
        mail.take(b"x" * 5000)
        assert await mail.outcome() == "small"


@pytest.mark.parametrize("room,pieces", [(100, 1), (LARGE_COST - 1, 10)])
async def test_a_mail_for_which_there_is_no_room_is_asked_to_come_again(room: int, pieces: int) -> None:
    flow = Flow()
    flow.room = room
    mail = incoming(flow)
    for _ in range(pieces):
        mail.take(PIECE)
    with pytest.raises(Unavailable) as told:
        await mail.outcome()
    assert told.value.full
