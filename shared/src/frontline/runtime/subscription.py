"""Brings the replies in `OUTBOX` to `Delivery`: FastStream subscribers on one durable consumer.

FastStream's traps (design: `nats.md`, 8) and what is done about each: acknowledgement is manual
with delayed nak; each worker is a subscriber of its own with batches of one, so that nothing lies
fetched and unstarted at a stop; its log is off, for it would show whole messages; the consumer is
looked after here, because FastStream neither notices that one is gone nor that its settings differ.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import nats
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from nats.aio.client import Client
from nats.js import api
from nats.js.errors import NotFoundError

from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.ids import ChannelName
from frontline.runtime.bus import Bus, PromptClient
from frontline.runtime.cancel import cancellable
from frontline.runtime.delivery import Delivery
from frontline.runtime.login import Login
from frontline.runtime.metrics import Metrics
from frontline.runtime.topology import OUTBOX

_ACK_WAIT_SECONDS = 30.0
_PULL_SECONDS = 2.0
_LOOK_SECONDS = 1.0
_REST_SECONDS = 1.0
_SILENT_LOOKS = 3
_STAY_CONNECTED: dict[str, Any] = {
    "max_reconnect_attempts": -1,
    "reconnect_time_wait": 0.2,
    "ping_interval": 5,
    "max_outstanding_pings": 2,
}


class _Work:
    """A FastStream message as `frontline.runtime.delivery.Work`."""

    def __init__(self, message: NatsMessage) -> None:
        self._message = message
        self.data: bytes = message.raw_message.data
        self.subject: str = message.raw_message.subject
        self.headers: dict[str, str] = dict(message.raw_message.headers or {})
        self.deliveries: int = message.raw_message.metadata.num_delivered

    async def ack(self) -> None:
        with suppress(nats.errors.Error):  # lost with the connection: it comes again, and its record is there
            await self._message.ack()

    async def nak(self, pause: timedelta) -> None:
        with suppress(nats.errors.Error):
            await self._message.nack(delay=pause.total_seconds())

    async def touch(self) -> None:
        """Say that it is still being worked on."""
        with suppress(nats.errors.Error):
            await self._message.in_progress()


class Subscription:
    """Runs `workers` subscribers until cancelled; what is in hand then is finished first."""

    def __init__(
        self,
        delivery: Delivery,
        *,
        bus: Bus,
        channel: ChannelName,
        url: str,
        login: Login,
        workers: int,
        drain_seconds: float,
        log: Log,
        metrics: Metrics,
    ) -> None:
        self._delivery = delivery
        self._bus = bus
        self._url = url
        self._login = login
        self._workers = workers
        self._drain = max(drain_seconds - _REST_SECONDS, 0.1)  # the rest is for what comes after the attempts
        self._log = log
        self._metrics = metrics
        self._filter = subject.outbound_all(channel)
        self._durable = subject.delivery_consumer(channel)
        self._config = api.ConsumerConfig(
            name=self._durable,  # with it the filter is in the request's subject, where rights can bind it
            durable_name=self._durable,
            filter_subject=self._filter,
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=_ACK_WAIT_SECONDS,
            max_deliver=-1,
            # Replies that wait for their next attempt count as pending: they must not hold up the others.
            max_ack_pending=-1,
        )
        self._in_hand: set[_Work] = set()
        self._trouble: str | None = "delivery has not started"

    def unready(self) -> str | None:
        return self._trouble

    async def run(self) -> None:
        """Keep the consumer there and the subscribers alive, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._touch())
            while True:
                await self._ensure()
                broker = self._broker()
                try:
                    await cancellable(broker.start())
                    self._trouble = None
                    await self._watch()
                finally:
                    await end(broker, self._drain + _REST_SECONDS)

    async def _watch(self) -> None:
        """Look after the consumer; returns when the subscribers have fallen silent."""
        silent = 0
        while silent < _SILENT_LOOKS:
            await asyncio.sleep(_LOOK_SECONDS)
            info = await self._info()
            if info is None:
                continue
            idle = not info.num_waiting and not self._in_hand
            silent = silent + 1 if idle else 0
        self._trouble = "the subscribers to the outbox have fallen silent"
        self._metrics.failed("subscription")
        self._log.error("delivery.silent")

    async def _info(self) -> api.ConsumerInfo | None:
        """How the consumer is; made anew when it is gone. `None` while NATS can't say."""
        if not self._bus.connected:
            return None
        try:
            info: api.ConsumerInfo = await self._bus.nc.jetstream().consumer_info(OUTBOX, self._durable)
            return info
        except NotFoundError:
            self._trouble = "the consumer of the outbox is gone"
            self._metrics.failed("consumer")
            self._log.error("delivery.consumer_gone", consumer=self._durable)
            await self._ensure()
            self._trouble = None
        except (nats.errors.Error, TimeoutError):
            self._log.warning("delivery.consumer_unseen", consumer=self._durable)
        return None

    async def _ensure(self) -> None:
        """Make the consumer, or bring its settings up to date; waits for NATS and for the stream."""
        while True:
            await self._bus.wait_connected()
            try:
                await self._bus.nc.jetstream().add_consumer(OUTBOX, self._config)
                return
            except (nats.errors.Error, TimeoutError) as error:
                self._trouble = "the consumer of the outbox can't be made"
                self._log.warning("delivery.no_consumer", consumer=self._durable, error=type(error).__name__)
                await asyncio.sleep(_LOOK_SECONDS)

    def _broker(self) -> "Broker":
        broker = broker_to(self._url, self._login, name=f"{self._durable}-subscribers", drain=self._drain)
        for _ in range(self._workers):
            subscriber(broker, self._login, OUTBOX, self._config, batch=1)(self._one())
        return broker

    def _one(self) -> Any:
        async def handle(message: NatsMessage) -> None:
            work = _Work(message)
            self._in_hand.add(work)
            try:
                await self._delivery.handle(work)
            finally:
                self._in_hand.discard(work)

        return handle

    async def _touch(self) -> None:
        """Attempts may take longer than the server waits for an acknowledgement."""
        while True:
            await asyncio.sleep(_ACK_WAIT_SECONDS / 3)
            for work in tuple(self._in_hand):
                await work.touch()


class Broker(NatsBroker):
    """FastStream's, on our own client: nats-py's leaves sockets behind and waits for what nobody takes."""

    client: PromptClient | None = None
    """Also one that is still about to connect."""

    async def _connect(self) -> Client:
        self.client = client = PromptClient()
        await client.connect(**self._connection_kwargs)
        self.config.connect(client)
        return client


def broker_to(url: str, login: Login, *, name: str, drain: float) -> Broker:
    """A broker that stays connected, logs nothing, and hands messages over as they are. At its end what is in
    hand has `drain` seconds.
    """
    return Broker(
        [one.strip() for one in url.split(",")],
        **login.broker(),
        name=name,
        logger=None,
        apply_types=False,
        decoder=_whole,
        graceful_timeout=drain,
        **_STAY_CONNECTED,
    )


def subscriber(
    broker: NatsBroker, login: Login, stream: str, config: api.ConsumerConfig, *, batch: int
) -> Callable[[Callable[[NatsMessage], Awaitable[None]]], object]:
    """Takes the handler of a subscriber that pulls from the durable consumer with this configuration; it
    acknowledges by itself. The messages of a batch are handled side by side.
    """
    return broker.subscriber(
        config.filter_subject or "",
        stream=JStream(stream, declare=False),
        durable=config.durable_name,
        config=config,
        pull_sub=PullSub(batch_size=batch, timeout=_PULL_SECONDS),
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        inbox_prefix=f"{login.inbox}.".encode(),
    )


async def end(broker: Broker, within: float) -> None:
    """Finish what is in hand within so many seconds, and let go of the connection even if NATS is away or hangs."""
    try:
        async with asyncio.timeout(within):
            await cancellable(broker.stop())
    except (nats.errors.Error, TimeoutError):
        if broker.client is not None:
            broker.client.abort()
    if broker.client is not None:
        await broker.client.leave()


async def _whole(message: NatsMessage) -> NatsMessage:
    """The decoder: the handler wants headers and metadata too, and the bytes as they are."""
    return message
