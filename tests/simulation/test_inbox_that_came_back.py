"""An inbox goes to another desk and comes back: what names a contact may name one of that other desk by now."""

import asyncio
from datetime import UTC, datetime
from random import Random

import msgspec
import pytest

from frontline.contract.ids import ContactId, CustomerId, KeyHash, MessageId
from frontline.contract.message import MessageKind, Presence, ThreadEvidence
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import stream_configs
from router.core.command import ApplySettings, EraseContact, FoundKey, ReceiveMessage
from router.core.commit import EpochRecord
from router.core.elsewhere import Elsewhere
from router.core.overlay import Position
from router.core.state import DeskState
from router.desk.fence import Fence
from router.desk.holding import Holding
from router.desk.log import LogWriter, announce
from router.desk.loop import DeskLoop, Work
from router.desk.settings import desk_settings
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.client import SimulatedClient, bus_to
from tests.simulation.desk.firm import CHAT, CONFIGURATION, DESK, SUPPORT, TALK
from tests.simulation.desk.firm_of_two import SALES, TOPOLOGY
from tests.simulation.faults import Faults
from tests.simulation.simulated_log import SimulatedLog, SimulatedLogStore
from tests.simulation.virtual_loop import run_virtually

AT = datetime(2030, 1, 1, 12, tzinfo=UTC)
NAMED = KeyHash("a" * 40)
OURS, THEIRS = ContactId("c1"), ContactId("c2")


def test_who_is_in_a_chat_of_the_other_desk_is_not_taken_for_who_wrote_before_the_inbox_went_there() -> None:
    """Seed 4175: another contact was opened beside the one at the other desk, which had the inbox for a while."""

    async def run() -> None:
        broker = Broker(stream_configs(TOPOLOGY), asyncio.get_running_loop().time)
        bus = await bus_to(SimulatedClient(broker, Random(1), Faults(), 0), ack_deadline=1.0)
        store, fence = SimulatedLogStore(SimulatedLog(), Random(0), Faults()), Fence()
        await announce(store, EpochRecord(leader="replica-1", at=AT))
        async for stored in store.read(0):
            fence.admit(stored)
        writer = LogWriter(store, fence)
        loop = DeskLoop(DeskState(SUPPORT), writer, lambda: AT)
        told: list[Position] = []

        async def indexed(position: Position) -> None:
            told.append(position)

        holding = Holding(bus, SUPPORT, CHAT, loop, indexed, logger("test"), max_ack_pending=16)
        running = [asyncio.create_task(writer.run()), asyncio.create_task(loop.run())]
        await _apply(loop, 1, has=True)
        assert await holding.settle()
        await (await loop.submit(Work(_message(OURS), cause="m1")))
        await (await loop.submit(Work(EraseContact(contact=OURS), cause="clerk")))
        before = loop.state.epoch, loop.state.index
        await _apply(loop, 2, has=False)
        assert not await holding.settle()
        await _apply(loop, 3, has=True)
        told.clear()
        assert await holding.settle()
        assert told
        assert told[0] >= before, "what is not in the indexes yet is not forgotten"
        found = FoundKey(key=NAMED, evidence=ThreadEvidence.TOKEN, contact=THEIRS, desk=SALES)
        with pytest.raises(Elsewhere) as elsewhere:
            await (await loop.submit(Work(_message(ContactId("c3"), found), cause="m3")))
        assert (elsewhere.value.desk, elsewhere.value.contact) == (SALES, THEIRS)
        for task in running:
            task.cancel()

    run_virtually(run())


async def _apply(loop: DeskLoop, version: int, *, has: bool) -> None:
    inboxes = tuple(inbox for inbox in DESK.inboxes if has or inbox.id != TALK)
    desk = msgspec.structs.replace(DESK, inboxes=inboxes)
    wanted = msgspec.structs.replace(CONFIGURATION, version=version, desks=(desk,))
    command = ApplySettings(settings=desk_settings(wanted, desk), elsewhere=() if has else ((CHAT, TALK),))
    await (await loop.submit(Work(command, cause="operator")))


def _message(opens: ContactId, *finds: FoundKey) -> ReceiveMessage:
    return ReceiveMessage(
        message=MessageId("m" + opens[1:]),
        key=KeyHash(opens[1:] * 40),
        channel=CHAT,
        inbox=TALK,
        customer=CustomerId("u1"),
        at=AT,
        new_contact=opens,
        kind=MessageKind.MESSAGE,
        presence=Presence.LIVE,
        finds=finds,
        binds=(NAMED,),
    )
