"""Rule 1.10: a message is moved, and where it went is erased, before anything followed from either decision."""

import asyncio
from datetime import UTC, datetime
from random import Random
from typing import Any, cast

import msgspec

from frontline.contract.erasure import ERASED
from frontline.contract.ids import AgentId, ContactId, DeskId, KeyHash, MessageId
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import KEYS, THREADS, stream_configs
from router.core.event_move import MessagesTaken, Moving
from router.core.state import DeskState
from router.desk.bindings import Bindings
from router.desk.effects import Effects, stored
from router.desk.resolve import KnownKey
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.client import SimulatedClient, bus_to
from tests.simulation.desk.firm import EMAIL, MAIL, TOPOLOGY
from tests.simulation.faults import Faults
from tests.simulation.virtual_loop import run_virtually

FROM, TO = ContactId("c1"), ContactId("c2")
KEY, THREAD = KeyHash("a" * 40), KeyHash("b" * 40)


def test_rule_1_10_what_was_moved_into_an_erased_contact_is_not_answered_where_it_was_before() -> None:
    async def run() -> None:
        broker = Broker(stream_configs(TOPOLOGY), asyncio.get_running_loop().time)
        bus = await bus_to(SimulatedClient(broker, Random(1), Faults(), 0), ack_deadline=1.0)
        keys, threads = KeyValue(bus, KEYS), KeyValue(bus, THREADS)
        await keys.put(KEY, msgspec.json.encode(KnownKey(contact=FROM, message=MessageId("m1"))))
        await threads.put(THREAD, FROM.encode())
        state = DeskState(DeskId("support"))
        state.erased.add(TO)
        unused = cast("Any", None)
        epoch = await bus.publish("desk.support.epoch", b"{}")
        bindings = Bindings(bus, DeskId("support"), epoch.seq)
        effects = Effects(
            bus, DeskId("support"), unused, unused, unused, unused, unused, bindings, unused, state, lambda _: None
        )
        await stored(await effects._carry_out(_taken(), 7))
        await bindings.settle()
        known, leads = await keys.get(KEY), await threads.get(THREAD)
        assert known is not None
        assert leads is not None
        assert msgspec.json.decode(known.value, type=KnownKey) == KnownKey(contact=ERASED, message=MessageId(""))
        assert leads.value == ERASED.encode()

    run_virtually(run())


def _taken() -> MessagesTaken:
    return MessagesTaken(
        at=datetime(2030, 1, 1, 12, tzinfo=UTC),
        contact=TO,
        origin=FROM,
        agent=AgentId("ann"),
        channel=EMAIL,
        inbox=MAIL,
        items=(Moving(id=MessageId("m1"), key=KEY, binds=(THREAD,)), Moving(id=MessageId("m2"))),
    )
