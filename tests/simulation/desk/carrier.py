"""A process that carries replies to a far end which takes each for a new one: our own delivery, on a simulated bus."""

import asyncio
from contextlib import aclosing
from contextvars import copy_context
from datetime import timedelta
from random import Random
from typing import ClassVar

from nats.aio.msg import Msg

from frontline.contract import subject
from frontline.contract.channel import Delivered
from frontline.contract.error import Unavailable
from frontline.contract.ids import ChannelName
from frontline.contract.message import OutboundMessage
from frontline.runtime.bus import Bus
from frontline.runtime.delivery import Delivery, DeliverySettings
from frontline.runtime.metrics import Metrics
from frontline.runtime.pull import ensure_consumer, pull, quietly
from frontline.runtime.topology import OUTBOX
from tests.simulation.desk.broker import Broker
from tests.simulation.desk.client import SimulatedClient, bus_to
from tests.simulation.desk.firm import CHAT, DESK, EMAIL
from tests.simulation.desk.people import Sent
from tests.simulation.desk.process import Noted
from tests.simulation.faults import Faults
from tests.simulation.virtual_loop import PROCESS, Stopped

_METRICS = Metrics("simulated")
_SETTINGS = DeliverySettings(delivery_pauses=(0.5, 1, 2), delivery_timeout_seconds=3)
_AT_ONCE = 4
_AGAIN_SECONDS = 0.5
_ENDS_WITHIN = 60.0


class FarEnd:
    """Counts in `sent` what has arrived, and says so afterwards, or not."""

    name: ClassVar[str] = "simulated"
    repeatable: ClassVar[bool] = False

    def __init__(self, random: Random, sent: Sent) -> None:
        self._random = random
        self._sent = sent
        self.calm = False

    async def deliver(self, message: OutboundMessage) -> Delivered:
        random = self._random
        await asyncio.sleep(random.uniform(0, 0.3))
        if not self.calm and random.random() < 0.15:
            raise Unavailable("the far end is busy")
        self._sent.delivered[message.id] += 1
        await asyncio.sleep(random.choice((0.0, 0.1, 0.1, 5.0)))
        if not self.calm and random.random() < 0.1:
            raise ConnectionResetError
        return Delivered(native_id=f"far-{message.id}")


class Carrier:
    """Started anew whenever it has crashed. `client` is the present one's."""

    def __init__(self, broker: Broker, random: Random, faults: Faults, wrong: list[str], sent: Sent) -> None:
        self.far_end = FarEnd(random, sent)
        self._broker = broker
        self._random = random
        self._faults = faults
        self._log = Noted(broker.seen, wrong)
        self._wrong = wrong
        self._number = 1_000
        self.client: SimulatedClient

    async def start(self) -> None:
        self._number += 1
        self.client = SimulatedClient(self._broker, self._random, self._faults, self._number)
        self._stopped = Stopped()
        self._context = copy_context()
        self._context.run(PROCESS.set, self._stopped)
        bus = await asyncio.get_running_loop().create_task(
            bus_to(self.client, ack_deadline=self._faults.deadline), context=self._context
        )
        self._bus = bus
        loop = asyncio.get_running_loop()
        self._tasks = {loop.create_task(self._carry(bus, name), context=self._context) for name in (EMAIL, CHAT)}

    async def crash(self) -> None:
        """At whatever instruction; whoever comes after it finds what it has recorded."""
        self.client.kill()
        self.go_on()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        _, hanging = await asyncio.wait(tasks, timeout=_ENDS_WITHIN)
        if hanging:
            self._wrong.append(f"a cancelled carrier does not end: {hanging}")

    def stop(self) -> None:
        self._stopped.stop()

    def go_on(self) -> None:
        self._stopped.go_on()

    def calm(self) -> None:
        self.far_end.calm = True
        self.client.fuse = None
        self._bus._ack_deadline = self._faults.deadline
        self.client.flow()
        self.client.mend()
        self.go_on()

    async def _carry(self, bus: Bus, name: ChannelName) -> None:
        delivery = Delivery(
            service="simulated",
            name=name,
            channel=self.far_end,
            bus=bus,
            settings=_SETTINGS,
            log=self._log,
            metrics=_METRICS,
            clock=self._broker.now,
        )
        filters = [f"outbound.{name}.{inbox.id}" for inbox in DESK.inboxes if inbox.channel == name]
        durable = subject.delivery_consumer(name)
        while True:
            try:
                await bus.wait_connected()
                await ensure_consumer(bus, OUTBOX, durable, filters=filters, ack_wait=30, max_ack_pending=1_000)
                async with aclosing(pull(bus, OUTBOX, durable, lambda: _AT_ONCE)) as batches:
                    async for batch in batches:
                        for msg in batch:
                            self._begin(delivery, msg)
            except Unavailable:
                await asyncio.sleep(_AGAIN_SECONDS)

    def _begin(self, delivery: Delivery, msg: Msg) -> None:
        task = asyncio.get_running_loop().create_task(delivery.handle(_Work(msg)), context=self._context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Work:
    def __init__(self, msg: Msg) -> None:
        self._msg = msg
        self.data = msg.data
        self.subject = msg.subject
        self.headers = dict(msg.headers or {})
        self.deliveries = msg.metadata.num_delivered

    async def ack(self) -> None:
        await quietly(self._msg.ack())

    async def nak(self, pause: timedelta) -> None:
        await quietly(self._msg.nak(delay=pause.total_seconds()))
