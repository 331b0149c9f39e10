"""Replicas that are behind answer reads: what they do not have is not taken for gone."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from random import Random

import pytest

from frontline.contract.error import Unavailable
from frontline.contract.ids import AgentId, ContactId, DeskId, MessageId
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem, decode_item
from frontline.runtime.bus import Bus
from frontline.runtime.reader import read_whole
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import stream_configs
from router.core.event_move import MessagesTaken, Moving
from router.desk.effects import stored
from router.desk.moving import Moves
from router.desk.words import Words
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.client import SimulatedClient, bus_to
from tests.simulation.desk.firm import EMAIL, MAIL, SIGNER, TOPOLOGY
from tests.simulation.faults import Faults
from tests.simulation.virtual_loop import run_virtually

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
OLD, NEW, LINE = ContactId("c1"), ContactId("c2"), MessageId("m1")


def test_who_needs_all_of_a_subject_is_told_that_a_replica_is_behind() -> None:
    async def promise(broker: Broker, bus: Bus) -> None:
        await bus.publish("transcript.c1.pub", b"words")
        broker.behind = lambda: 1
        with pytest.raises(Unavailable, match="behind"):
            await read_whole(bus, "TRANSCRIPT", "transcript.c1.*")
        broker.behind = lambda: 0
        assert len(await read_whole(bus, "TRANSCRIPT", "transcript.c1.*")) == 1

    _hold(promise)


def test_a_line_that_a_replica_does_not_have_yet_is_moved_all_the_same() -> None:
    async def promise(broker: Broker, bus: Bus) -> None:
        words = Words(bus, SIGNER, DeskId("support"))
        await stored(await words.heard(_line(), again=False))
        moves = Moves(bus, words, logger("test"))
        broker.behind = lambda: 1
        with pytest.raises(Unavailable):
            await moves.carry_out(_taken(), again=False)
        broker.behind = lambda: 0
        await stored(await moves.carry_out(_taken(), again=True))
        there = [decode_item(each.data) for each in await read_whole(bus, "TRANSCRIPT", "transcript.c2.pub")]
        assert [(item.id, item.moved) for item in there] == [(LINE, 1)]

    _hold(promise)


def test_words_that_a_replica_does_not_have_yet_are_not_said_to_be_gone() -> None:
    async def promise(broker: Broker, bus: Bus) -> None:
        words = Words(bus, SIGNER, DeskId("support"))
        await stored(await words.heard(_line(), again=False))
        broker.behind = lambda: 1
        with pytest.raises(Unavailable):
            await words.stands(OLD, LINE)
        broker.behind = lambda: 0
        assert await words.stands(OLD, LINE)
        assert not await words.stands(NEW, LINE)

    _hold(promise)


def _hold(promise: Callable[[Broker, Bus], Awaitable[None]]) -> None:
    async def run() -> None:
        broker = Broker(stream_configs(TOPOLOGY), asyncio.get_running_loop().time)
        bus = await bus_to(SimulatedClient(broker, Random(1), Faults(), 0), ack_deadline=1.0)
        await promise(broker, bus)

    run_virtually(run())


def _line() -> TranscriptItem:
    return TranscriptItem(
        id=LINE,
        contact=OLD,
        at=NOON,
        kind=ItemKind.MESSAGE,
        direction=Direction.IN,
        author=Author(role="customer"),
        channel=EMAIL,
        inbox=MAIL,
        text="Hello",
    )


def _taken() -> MessagesTaken:
    return MessagesTaken(
        at=NOON, contact=NEW, origin=OLD, agent=AgentId("ann"), channel=EMAIL, inbox=MAIL, items=(Moving(id=LINE),)
    )
