"""What somebody had in hand who died comes first, in order, and without waiting."""

from frontline.contract import subject
from frontline.runtime.bus import Bus
from frontline.runtime.pull import ensure_consumer, pull
from router.core.event import ContactOpened, MessageReceived
from router.desk.holding import ACK_WAIT_SECONDS
from tests.integration.router_desk.desk import (
    EMAIL,
    INBOX,
    SUPPORT,
    desk_on,
    events,
    left_in_inbox,
    mail,
    send_in,
    until,
)


async def test_what_a_dead_leader_had_in_hand_is_decided_before_what_came_after_it(provisioned: Bus) -> None:
    early = [mail(f"<{number}@one.example>", sender=f"c{number}@one.example") for number in range(5)]
    for message in early:
        await send_in(provisioned, message)
    await _taken_by_one_who_dies(provisioned, len(early))
    late = [mail(f"<late {number}@one.example>", sender=f"l{number}@one.example") for number in range(5)]
    for message in late:
        await send_in(provisioned, message)
    async with desk_on(provisioned):
        await until(lambda: _empty(provisioned))
        received = await events(provisioned, MessageReceived)
        assert [event.message for event in received] == [message.id for message in (*early, *late)]
        assert len(await events(provisioned, ContactOpened)) == 10


async def test_what_is_in_hand_when_the_consumer_is_looked_after_is_decided_once(provisioned: Bus) -> None:
    async with desk_on(provisioned):
        for number in range(200):
            await send_in(provisioned, mail(f"<{number}@one.example>", sender=f"c{number}@one.example"))
            if number % 50 == 0:
                await _looked_after(provisioned)
        await until(lambda: _empty(provisioned))
        received = await events(provisioned, MessageReceived)
        assert len(received) == len({event.message for event in received}) == 200


async def test_a_leader_that_stands_still_uses_up_no_deliveries_of_what_it_has_in_hand(provisioned: Bus) -> None:
    """Seed 106019 of two desks: the next leader found what it had asked for delivered sixty times, and parked it."""
    for number in range(5):
        await send_in(provisioned, mail(f"<{number}@one.example>", sender=f"c{number}@one.example"))
    await _looked_after(provisioned)
    still = pull(provisioned, subject.inbox_stream(EMAIL), subject.desk_consumer(SUPPORT), lambda: 64)
    taken = 0
    while taken < 5:
        taken += len(await anext(still))
    async with desk_on(provisioned):
        await until(lambda: _empty(provisioned))
        assert len(await events(provisioned, MessageReceived)) == 5
    info = await provisioned.nc.jetstream().stream_info("PARKED")
    assert info.state.messages == 0
    await still.aclose()


async def _taken_by_one_who_dies(bus: Bus, count: int) -> None:
    await _looked_after(bus)
    batches = pull(bus, subject.inbox_stream(EMAIL), subject.desk_consumer(SUPPORT), lambda: count)
    taken = 0
    while taken < count:
        taken += len(await anext(batches))
    await batches.aclose()


async def _looked_after(bus: Bus) -> None:
    await ensure_consumer(
        bus,
        subject.inbox_stream(EMAIL),
        subject.desk_consumer(SUPPORT),
        filters=[subject.inbound(EMAIL, INBOX), subject.inbound(EMAIL, "live")],  # type: ignore[arg-type]
        ack_wait=ACK_WAIT_SECONDS,
        max_ack_pending=1024,
    )


async def _empty(bus: Bus) -> bool:
    return await left_in_inbox(bus) == 0
