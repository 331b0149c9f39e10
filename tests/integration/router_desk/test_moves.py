"""An inbox goes from one desk to another while its mail comes in and routers die: each mail is decided once."""

import asyncio
from contextlib import suppress
from pathlib import Path
from random import Random

import msgspec
import pytest

from frontline.contract import subject
from frontline.contract.ids import DeskId, InboxId
from frontline.runtime import consumers
from frontline.runtime.bus import Bus
from frontline.runtime.pull import ensure_consumer
from frontline.testing.nats_server import connected, nats_server
from router.core.event import ContactOpened, MessageReceived
from router.core.event_inbox import InboxReleased, InboxTaken
from tests.integration.router_desk.desk import all_transcripts, answers, left_in_inbox, mail, send_in, until
from tests.integration.router_desk.two_desks import (
    EMAIL,
    MOVING,
    ONE,
    TWO,
    File,
    Router,
    Sent,
    apply_everywhere,
    configuration,
    provisioned_for_two,
    told,
)

STREAM = subject.inbox_stream(EMAIL)


async def has(bus: Bus, desk: DeskId) -> bool:
    """Whether the desk's consumer takes the inbox that moves."""
    found = await consumers.filters(bus, STREAM)
    return subject.inbound(EMAIL, MOVING) in found.get(subject.desk_consumer(desk), ())


async def arrived(bus: Bus) -> bool:
    return await left_in_inbox(bus) == 0


async def received(bus: Bus, desk: DeskId) -> list[MessageReceived]:
    return [event for *_, event in await told(bus, desk) if isinstance(event, MessageReceived)]


async def one_desk_had_it_at_a_time(bus: Bus) -> None:
    """By what the server stored when, and by the order in each log."""
    moves = []
    for desk in (ONE, TWO):
        mine = False
        for _, at, event in await told(bus, desk):
            if isinstance(event, InboxTaken | InboxReleased) and event.inbox == MOVING:
                mine = isinstance(event, InboxTaken)
                moves.append((at, desk, mine))
            elif isinstance(event, MessageReceived) and event.inbox == MOVING:
                assert mine, f"{desk} decided upon a message of an inbox that it did not have"
    holder: DeskId | None = None
    for at, desk, takes in sorted(moves):
        assert holder == (None if takes else desk), f"at {at} {desk} {'took' if takes else 'released'}"
        holder = desk if takes else None


async def test_a_moved_inbox_brings_what_waited_in_it_and_contacts_stay_where_they_were(tmp_path: Path) -> None:
    file = File(configuration(1, ONE))
    async with nats_server(tmp_path / "nats") as server, connected(server) as bus:
        await provisioned_for_two(bus)
        one = await Router(server, ONE, file).start()
        two = await Router(server, TWO, file).start()
        await send_in(bus, mail("<before@x>", inbox=MOVING))
        await send_in(bus, mail("<own@x>", inbox=InboxId(TWO)))
        await until(lambda: arrived(bus))
        (opened,) = [event for *_, event in await told(bus, ONE) if isinstance(event, ContactOpened)]

        await one.halt()
        await send_in(bus, mail("<waiting@x>", inbox=MOVING))
        file.content = configuration(2, TWO)
        one = await Router(server, ONE, file).start()
        await apply_everywhere(bus, file.content)
        await until(lambda: has(bus, TWO))
        after = mail("<after@x>", inbox=MOVING, thread=(answers("<before@x>"),))
        await send_in(bus, after)
        await until(lambda: arrived(bus))
        await until(lambda: two.configured.current.version == 2)

        at_two = [event for *_, event in await told(bus, TWO) if isinstance(event, ContactOpened)]
        (linked,) = [event for event in at_two if event.contact == "c" + after.id[1:]]
        assert len(await received(bus, ONE)) in (1, 2), "what waited was decided before the change, or was moved"
        everything = [event.message for desk in (ONE, TWO) for event in await received(bus, desk)]
        assert len(set(everything)) == len(everything) == 4
        assert linked.linked_to == opened.contact, "it belongs to a contact of the other desk, and says so"
        await one_desk_had_it_at_a_time(bus)
        await one.halt()
        await two.halt()


async def test_an_inbox_is_given_up_that_was_claimed_by_a_leader_who_ended_before_the_log_said_so(
    tmp_path: Path,
) -> None:
    file = File(configuration(1, TWO))
    one, two = file.content.desks
    file.content = msgspec.structs.replace(file.content, desks=(msgspec.structs.replace(one, inboxes=()), two))
    async with nats_server(tmp_path / "nats") as server, connected(server) as bus:
        await provisioned_for_two(bus)
        claimed = [subject.inbound(EMAIL, MOVING)]
        await ensure_consumer(
            bus, STREAM, subject.desk_consumer(ONE), filters=claimed, ack_wait=5.0, max_ack_pending=1_024
        )
        await send_in(bus, mail("<1@x>", inbox=MOVING))
        routers = [await Router(server, desk, file).start() for desk in (ONE, TWO)]
        await until(lambda: arrived(bus))
        assert len(await received(bus, TWO)) == 1
        assert not await has(bus, ONE)
        for router in routers:
            await router.halt()


async def hands(bus: Bus) -> list[bool]:
    """What ONE's log says of the inbox that moves, one after another: taken or released."""
    found = [event for *_, event in await told(bus, ONE) if isinstance(event, InboxTaken | InboxReleased)]
    return [isinstance(event, InboxTaken) for event in found if event.inbox == MOVING]


async def test_a_desk_whose_consumer_was_removed_behind_its_back_gives_its_inboxes_up_before_it_takes_them_again(
    tmp_path: Path,
) -> None:
    file = File(configuration(1, ONE))
    async with nats_server(tmp_path / "nats") as server, connected(server) as bus:
        await provisioned_for_two(bus)
        one = await Router(server, ONE, file).start()
        await send_in(bus, mail("<1@x>", inbox=MOVING))
        await until(lambda: arrived(bus))

        await consumers.remove(bus, STREAM, subject.desk_consumer(ONE))  # late, from one who led before
        await send_in(bus, mail("<2@x>", inbox=MOVING))
        await until(lambda: arrived(bus))
        assert await hands(bus) == [True, False, True]
        assert len(await received(bus, ONE)) == 2
        await one.halt()


async def test_an_inbox_that_a_desk_has_by_its_log_is_given_up_while_another_desk_claims_it(tmp_path: Path) -> None:
    file = File(configuration(1, ONE))
    async with nats_server(tmp_path / "nats") as server, connected(server) as bus:
        await provisioned_for_two(bus)
        one = await Router(server, ONE, file).start()
        await until(lambda: has(bus, ONE))
        await send_in(bus, mail("<1@x>", inbox=MOVING))
        await until(lambda: arrived(bus))
        await one.kill()
        await consumers.remove(bus, STREAM, subject.desk_consumer(ONE))
        await ensure_consumer(
            bus,
            STREAM,
            subject.desk_consumer(TWO),
            filters=[subject.inbound(EMAIL, MOVING)],
            ack_wait=5.0,
            max_ack_pending=1_024,
        )

        async def given_up() -> bool:
            return await hands(bus) == [True, False]

        one = await Router(server, ONE, file).start()
        await until(given_up)
        await consumers.remove(bus, STREAM, subject.desk_consumer(TWO))
        await until(lambda: has(bus, ONE))
        await send_in(bus, mail("<2@x>", inbox=MOVING))
        await until(lambda: arrived(bus))
        assert await hands(bus) == [True, False, True]
        await one.halt()


@pytest.mark.parametrize("seed", range(2))
async def test_an_inbox_moves_to_and_fro_under_load_while_routers_die_and_each_mail_is_decided_once(
    tmp_path: Path, seed: int
) -> None:
    dice = Random(seed)
    file = File(configuration(1, ONE))
    sent = Sent()
    async with nats_server(tmp_path / "nats") as server, connected(server) as bus:
        await provisioned_for_two(bus)
        routers = {desk: await Router(server, desk, file).start() for desk in (ONE, TWO)}
        over = asyncio.Event()

        async def customers() -> None:
            n = 0
            while not over.is_set():
                n += 1
                inbox = dice.choice((MOVING, MOVING, InboxId(ONE), InboxId(TWO)))
                thread = (answers(f"<{dice.randrange(n)}@x>"),) if dice.random() < 0.2 else ()
                message = mail(f"<{n}@x>", inbox=inbox, thread=thread)
                await send_in(bus, message)
                sent.messages[message.id] = inbox
                if dice.random() < 0.1:
                    with suppress(ValueError):
                        await send_in(bus, message)
                await asyncio.sleep(0.002)

        async def stored(more: int) -> None:
            goal = len(sent.messages) + more
            await until(lambda: len(sent.messages) >= goal, 100)

        writing = asyncio.create_task(customers())
        for version in range(2, 5):
            file.content = configuration(version, (ONE, TWO)[version % 2])
            applying = asyncio.create_task(apply_everywhere(bus, file.content))
            for _ in range(1 + dice.randrange(2)):
                await stored(dice.randrange(1, 40))
                victim = dice.choice((ONE, TWO))
                await routers[victim].kill()
                routers[victim] = await Router(server, victim, file).start()
            async with asyncio.timeout(100):
                await applying
            if dice.random() < 0.5:
                holder = (ONE, TWO)[version % 2]
                await until(lambda holder=holder: has(bus, holder), 100)  # type: ignore[misc]
        await until(lambda: has(bus, (ONE, TWO)[4 % 2]), 100)
        over.set()
        await writing
        await until(lambda: arrived(bus), 100)
        for router in routers.values():
            await router.halt()

        decided = [event.message for desk in (ONE, TWO) for event in await received(bus, desk)]
        assert sorted(decided) == sorted(sent.messages), "each one was decided, and none of them twice"
        written = [item.id for item in await all_transcripts(bus) if item.id in sent.messages]
        assert sorted(written) == sorted(sent.messages)
        await one_desk_had_it_at_a_time(bus)
