"""Outbound delivery: one reply at a time from `OUTBOX` through the channel to the customer, and the result back.

The order makes a crash at any point harmless: the attempt is recorded, then made; its result is
recorded, then told to the desk (`DeliveryReceipt`, stored), then the reply is acknowledged. A
repeat finds the record and goes on from there. `subscription.py` brings the messages.
"""

import asyncio
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Protocol

import msgspec

from frontline.contract import subject
from frontline.contract.channel import DeliversReplies, Log
from frontline.contract.clock import Clock
from frontline.contract.cloudevent import headers
from frontline.contract.codec import decode_outbound, encode, to_milliseconds
from frontline.contract.error import Mistake, Rejected, SettingsError, Unavailable
from frontline.contract.ids import ChannelName
from frontline.contract.message import (
    DeliveryReceipt,
    DeliveryState,
    OutboundKind,
    OutboundMessage,
    Times,
    idempotency_key,
    message_id,
)
from frontline.runtime.attempt import (
    Attempt,
    Defer,
    NoResult,
    Outcome,
    Policy,
    Record,
    Settle,
    after,
    before,
    may_replace,
)
from frontline.runtime.bus import Bus, WrongSequence
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.metrics import Metrics
from frontline.runtime.parked import RELEASE, park
from frontline.runtime.telemetry import traceparent
from frontline.runtime.topology import DELIVERIES
from frontline.runtime.unnamed import without_addresses

_ID = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")
_BUSY = timedelta(seconds=2)
_TROUBLE = timedelta(seconds=15)
_UNPARKABLE = timedelta(hours=1)
_RETRY_SECONDS = 0.5

_decode_record = msgspec.json.Decoder(Record).decode


class DeliverySettings(msgspec.Struct, frozen=True, kw_only=True):
    """How hard replies are tried."""

    delivery_workers: Annotated[int, msgspec.Meta(ge=1, le=256)] = 4
    """How many replies one process attempts at a time."""
    delivery_pauses: tuple[float, ...] = (5, 30, 120, 600, 1800, 3600)
    """Seconds from one attempt to the next while the far end is unavailable; the last one for all further."""
    delivery_give_up_days: Annotated[float, msgspec.Meta(ge=0)] = 5.0
    """How long after the first attempt an unavailable far end is given up on; the reply is parked then."""
    delivery_timeout_seconds: Annotated[float, msgspec.Meta(gt=0)] = 120.0
    """How long one attempt may take; its result is unknown then."""
    delivery_max_failures: Annotated[int, msgspec.Meta(ge=1)] = 5
    """How often a reply may meet a bug, or an end of the process, before it is parked."""

    def __post_init__(self) -> None:
        if not self.delivery_pauses or any(pause <= 0 for pause in self.delivery_pauses):
            raise SettingsError([Mistake("delivery_pauses", "must be a list of seconds, each above 0")])

    @property
    def policy(self) -> Policy:
        return Policy(
            pauses=tuple(timedelta(seconds=pause) for pause in self.delivery_pauses),
            give_up_after=timedelta(days=self.delivery_give_up_days),
            strays=self.delivery_max_failures,
        )


class Work(Protocol):
    """One message from the outbox, as it was handed to us."""

    @property
    def data(self) -> bytes: ...
    @property
    def subject(self) -> str: ...
    @property
    def headers(self) -> dict[str, str]: ...
    @property
    def deliveries(self) -> int:
        """How often it has been handed out, this time included."""
        ...

    async def ack(self) -> None: ...
    async def nak(self, pause: timedelta) -> None: ...


class Delivery:
    """Delivers the replies of one channel."""

    def __init__(
        self,
        *,
        service: str,
        name: ChannelName,
        channel: DeliversReplies,
        bus: Bus,
        settings: DeliverySettings,
        log: Log,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._service = service
        self._name = name
        self._channel = channel
        self._bus = bus
        self._settings = settings
        self._policy = settings.policy
        self._log = log
        self._metrics = metrics
        self._clock = clock
        self._records = KeyValue(bus, DELIVERIES)
        self._in_hand: set[str] = set()

    async def handle(self, work: Work) -> None:
        """Take one message to its end, or leave it for later. Raises nothing but cancellation."""
        try:
            await self._handle(work)
        except Unavailable as error:
            self._count("unavailable")
            self._log.warning("delivery.unavailable", why=error.detail)
            await work.nak(_BUSY)
        except WrongSequence:
            self._count("contended")
            self._log.info("delivery.contended")
            await work.nak(_BUSY)
        except Exception as error:  # noqa: BLE001 - a bug of ours must not cost a reply
            self._count("bug")
            self._metrics.failed("delivery")
            self._log.error("delivery.failed", exc_info=error)
            if work.deliveries < self._settings.delivery_max_failures:
                await work.nak(_TROUBLE)
            else:
                await self._set_aside(work, "bug", type(error).__name__)

    async def _handle(self, work: Work) -> None:
        try:
            message = decode_outbound(work.data)
            if message.channel != self._name or not _ID.match(message.id):
                raise Rejected("not a reply of this channel")
        except Rejected as error:
            self._count("malformed")
            self._log.error("delivery.malformed", on=work.subject)
            await self._set_aside(work, "malformed", error.detail)
            return
        if message.id in self._in_hand:
            await work.nak(_BUSY)  # the attempt that is under way will settle it
            return
        self._in_hand.add(message.id)
        try:
            await self._deliver(work, message)
        finally:
            self._in_hand.discard(message.id)

    async def _deliver(self, work: Work, message: OutboundMessage) -> None:
        repeatable = self._channel.repeatable
        entry = await self._records.get(message.id)
        step: Attempt | Settle | Defer = before(
            _decode_record(entry.value) if entry else None,
            release=work.headers.get(RELEASE, ""),
            repeatable=repeatable,
            now=self._now(),
            policy=self._policy,
        )
        revision = entry.revision if entry else 0
        if isinstance(step, Attempt) and message.until is not None and message.until < self._now():
            self._count("too_late")
            self._log.warning("delivery.too_late", reply=message.id, attempts=step.record.attempts - 1)
            await work.ack()
            return
        if isinstance(step, Attempt):
            revision = await self._records.update(message.id, encode(step.record), revision)
            outcome = await self._attempt(message)
            step = after(step.record, outcome, repeatable=repeatable, now=self._now(), policy=self._policy)
            told = without_addresses(step.record.detail, (recipient.address for recipient in message.to))
            step = replace(step, record=msgspec.structs.replace(step.record, detail=told))
            self._tell(message, step, outcome)
        if isinstance(step, Defer) or step.new:
            step = await self._record(message, step, revision)
        if isinstance(step, Defer):
            await work.nak(step.pause)
            return
        if message.kind is OutboundKind.NOTICE:  # to one of us: there is no contact to tell, and nothing to release
            if step.record.state in {DeliveryState.FAILED, DeliveryState.UNKNOWN}:
                self._log.warning("delivery.notice_lost", notice=message.id, state=str(step.record.state))
            await work.ack()
            return
        await self._report(message, step.record)
        if step.record.parked:
            once = f"{message.id}.{step.record.parked}.{step.record.release}"
            await self._park(work, step.record.parked, step.record.detail, once=once, reply=message)
        await work.ack()

    async def _attempt(self, message: OutboundMessage) -> Outcome:
        try:
            async with asyncio.timeout(self._settings.delivery_timeout_seconds):
                return await self._channel.deliver(message)
        except (Rejected, Unavailable) as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever the plug-in raises, nobody knows whether it sent
            self._metrics.failed("deliver")
            self._log.error("delivery.no_result", reply=message.id, contact=message.contact, exc_info=error)
            return NoResult()

    async def _record(self, message: OutboundMessage, step: Settle | Defer, revision: int) -> Settle | Defer:
        """Write the outcome, however long NATS stays away: it is known here and nowhere else."""
        while True:
            try:
                await self._records.update(message.id, encode(step.record), revision)
                return step
            except Unavailable:
                await self._bus.wait_connected()
                await asyncio.sleep(_RETRY_SECONDS)
            except WrongSequence:
                entry = await self._records.get(message.id)
                present = _decode_record(entry.value) if entry else None
                if entry is None or present is None:
                    revision = 0
                elif present == step.record:
                    return step  # our own write, whose acknowledgement was lost
                elif isinstance(step, Defer) or not may_replace(present, step.record):
                    raise
                else:
                    revision = entry.revision

    async def _report(self, message: OutboundMessage, record: Record) -> None:
        """Store the receipt for the desk; the same one each time that it is asked for."""
        assert record.state is not None
        key = idempotency_key(account=message.inbox, native_id=message.id, kind=f"receipt {record.state}")
        receipt = DeliveryReceipt(
            id=message_id(key),
            key=key,
            channel=message.channel,
            inbox=message.inbox,
            reply=message.id,
            contact=message.contact,
            state=record.state,
            times=Times(received=record.last),
            native_id=record.native_id,
            detail=record.detail,
        )
        head = headers(
            id=receipt.id,
            kind="delivery_receipt",
            source=f"/frontline/{self._service}",
            at=record.last,
            traceparent=traceparent(message.id),
        )
        await self._bus.publish(subject.inbound(message.channel, message.inbox), encode(receipt), head)

    async def _set_aside(self, work: Work, reason: str, error: str) -> None:
        """Park what can't be dealt with at all; left where it is, for later, if even that can't be."""
        try:
            await self._park(work, reason, error)
        except Unavailable:
            await work.nak(_BUSY)
        except Rejected:
            self._metrics.failed("park")
            self._log.error("delivery.unparkable", on=work.subject)
            await work.nak(_UNPARKABLE)
        else:
            await work.ack()

    async def _park(
        self, work: Work, reason: str, error: str, *, once: str = "", reply: OutboundMessage | None = None
    ) -> None:
        ids = {"reply": reply.id, "contact": reply.contact, "desk": reply.desk} if reply else {}
        number = await park(
            self._bus,
            service=self._service,
            reason=reason,
            origin=work.subject,
            payload=work.data,
            error=error,
            at=self._now(),
            ids=ids,
            original_headers=work.headers,
            once=once,
        )
        self._metrics.parked.labels(self._service, reason).inc()
        self._log.warning("delivery.parked", parked=number, reason=reason, **ids)

    def _tell(self, message: OutboundMessage, step: Settle | Defer | Attempt, outcome: Outcome) -> None:
        if isinstance(step, Settle):
            said = str(step.record.state)
        else:
            said = "deferred" if isinstance(outcome, Unavailable) else "no_result"
        self._count(said)
        self._log.info(
            "delivery.attempted",
            reply=message.id,
            contact=message.contact,
            outcome=said,
            attempts=step.record.attempts,
        )

    def _count(self, outcome: str) -> None:
        self._metrics.deliveries.labels(self._name, outcome).inc()

    def _now(self) -> datetime:
        return to_milliseconds(self._clock())
