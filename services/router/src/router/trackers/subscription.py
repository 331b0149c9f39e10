"""A durable consumer of `EVENTS` behind a FastStream subscriber, kept alive.

FastStream neither notices that its consumer is gone nor that the consumer's settings differ
(design: `nats.md`, 8), so both are looked after here. Acknowledgement is manual; what has to wait
is given back with a delay. A batch runs side by side: whoever takes events must not mind their order.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import nats.errors
from faststream.nats import NatsMessage
from nats.js import api
from nats.js.errors import NotFoundError

from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.runtime.bus import Bus
from frontline.runtime.cancel import cancellable
from frontline.runtime.login import Login
from frontline.runtime.metrics import Metrics
from frontline.runtime.subscription import Broker, broker_to, end, subscriber
from frontline.runtime.topology import EVENTS
from router.trackers.service_level import Verdict

Take = Callable[[bytes, int], Verdict]

_BATCH = 64
_LONGEST_DELAY = 30.0
_GRACE_SECONDS = 2.0
_OVERLAP = 1024
_SILENT_LOOKS = 3


class EventSubscription:
    """Hands every event to `take`, at least once, until cancelled.

    The first start takes in all that the stream holds; a consumer that was lost goes on a little
    before where it was, so `take` sees repeats.
    """

    def __init__(
        self,
        durable: str,
        take: Take,
        *,
        bus: Bus,
        url: str,
        login: Login,
        metrics: Metrics,
        log: Log,
        look: float = 5.0,
        delay: float = 0.5,
    ) -> None:
        """`look` is how often the consumer is looked after, `delay` the first pause before another try; seconds."""
        self._durable = durable
        self._take = take
        self._bus = bus
        self._url = url
        self._login = login
        self._metrics = metrics
        self._log = log
        self._look = look
        self._delay = delay
        self._seen = 0

    async def run(self) -> None:
        while True:
            await self._ensure()
            broker = self._broker()
            try:
                await cancellable(broker.start())
                await self._watch()
            finally:
                await end(broker, _GRACE_SECONDS + 1)

    def _broker(self) -> Broker:
        broker = broker_to(self._url, self._login, name=self._durable, drain=_GRACE_SECONDS)
        subscriber(broker, self._login, EVENTS, self._config(), batch=_BATCH)(self._handle)
        return broker

    async def _handle(self, message: NatsMessage) -> None:
        metadata = message.raw_message.metadata
        deliveries = metadata.num_delivered
        try:
            verdict = self._take(message.raw_message.data, deliveries)
        except Exception as error:  # noqa: BLE001 - a bug must not stop the ones behind it
            self._metrics.failed(self._durable)
            self._log.error("tracker.failed", tracker=self._durable, seq=metadata.sequence.stream, exc_info=error)
            verdict = Verdict.LATER
        with suppress(nats.errors.Error):  # lost with the connection: the event comes again
            if verdict is Verdict.LATER:
                await message.nack(delay=min(self._delay * 2 ** (deliveries - 1), _LONGEST_DELAY))
                return
            if verdict is Verdict.MALFORMED:
                self._metrics.failed(self._durable)
                self._log.error("tracker.malformed", tracker=self._durable, seq=metadata.sequence.stream)
                await message.reject()
            else:
                await message.ack()
            self._seen = max(self._seen, metadata.sequence.stream)

    async def _watch(self) -> None:
        """Return when the subscriber has to be made anew: its consumer is gone, or it asks for nothing any more."""
        silent = 0
        while silent < _SILENT_LOOKS:
            await asyncio.sleep(self._look)
            if not self._bus.connected:
                continue
            try:
                info = await self._bus.nc.jetstream().consumer_info(EVENTS, self._durable)
            except NotFoundError:
                silent = _SILENT_LOOKS
            except (nats.errors.Error, TimeoutError):
                self._log.warning("tracker.consumer_unseen", tracker=self._durable)
            else:
                silent = 0 if info.num_waiting else silent + 1
        self._metrics.failed(self._durable)
        self._log.error("tracker.silent", tracker=self._durable)

    async def _ensure(self) -> None:
        """Make the consumer, or bring its settings up to date; waits for NATS and for the stream."""
        while True:
            await self._bus.wait_connected()
            try:
                await self._make()
                return
            except (nats.errors.Error, TimeoutError) as error:
                self._log.warning("tracker.no_consumer", tracker=self._durable, error=type(error).__name__)
                await asyncio.sleep(self._look)

    async def _make(self) -> None:
        js = self._bus.nc.jetstream()
        config = self._config()
        with suppress(NotFoundError):
            have = (await js.consumer_info(EVENTS, self._durable)).config
            # Where a consumer begins can't be changed, and is no matter for one that is there.
            config.deliver_policy, config.opt_start_seq = have.deliver_policy, have.opt_start_seq
        await js.add_consumer(EVENTS, config)

    def _config(self) -> api.ConsumerConfig:
        begin = self._seen - _OVERLAP
        return api.ConsumerConfig(
            name=self._durable,  # with it the filter is in the request's subject, where rights can bind it
            durable_name=self._durable,
            filter_subject=subject.events(),
            ack_policy=api.AckPolicy.EXPLICIT,
            ack_wait=30.0,
            max_deliver=-1,
            max_ack_pending=4096,
            deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE if begin > 0 else api.DeliverPolicy.ALL,
            opt_start_seq=begin if begin > 0 else None,
        )
