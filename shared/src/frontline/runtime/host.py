"""Runs one channel plug-in as a process: `run_channel("email")`.

The host gives the plug-in its settings, inboxes, objects, log and figures, takes its messages in
(`receive` returns once JetStream has stored them), carries replies to it, and drains it. A plug-in
never sees the bus.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Annotated, Any, cast

import msgspec
from prometheus_client import Counter

from frontline.contract import subject
from frontline.contract.channel import (
    ATTACHMENTS,
    ORIGINALS,
    Channel,
    Checkpoints,
    Conversations,
    DeliversReplies,
    Desks,
    Host,
    Inboxes,
    Log,
    Meter,
    ObjectStore,
    Signals,
)
from frontline.contract.cloudevent import headers
from frontline.contract.codec import encode
from frontline.contract.error import Mistake, Reason, Rejected, SettingsError, Unavailable
from frontline.contract.ids import ChannelName
from frontline.contract.message import DeliveryReceipt, InboundMessage
from frontline.runtime.bus import PubAck
from frontline.runtime.checkpoints import ChannelCheckpoints
from frontline.runtime.conversation import ChannelSignals, DeskViews, PublicConversations
from frontline.runtime.delivery import Delivery, DeliverySettings
from frontline.runtime.directory import Directory
from frontline.runtime.fit import fit
from frontline.runtime.janitor import sweep
from frontline.runtime.metrics import ChannelMeter
from frontline.runtime.objects import Objects
from frontline.runtime.parked import park
from frontline.runtime.service import Service, run_service, tell_mistakes
from frontline.runtime.telemetry import configure_logs, traceparent

if TYPE_CHECKING:
    from frontline.runtime.subscription import Subscription

CHANNELS = "frontline.channels"

_OUTCOMES = ("accepted", "repeated", "rejected", "full", "unavailable", "bug")
_SWEEP_AFTER = 60.0
_SWEEP_AGAIN = 3600.0
"""How often it is asked whether a day has passed."""
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0

Plugin = Callable[[msgspec.Struct, Host], Channel]


class HostSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for every channel."""

    message_bytes: Annotated[int, msgspec.Meta(ge=64 * 1024, le=900 * 1024)] = 512 * 1024
    """A message larger than this, encoded, travels shortened and is shown to a person; its original is kept whole."""
    nameless_hours: Annotated[int, msgspec.Meta(ge=1, le=24 * 365)] = 24
    """Hours after which parts of a file whose upload was never finished (its intake was killed) are removed."""


def run_channel(name: str) -> int:
    """Run the plug-in `name` until told to stop; gives the exit code. No other plug-in is imported."""
    try:
        plugin = load_plugin(name)
    except SettingsError as error:
        configure_logs()
        return tell_mistakes(f"intake-{name}", error)
    sections = {"host": HostSettings, "delivery": DeliverySettings, f"channel.{name}": plugin.Settings}
    return run_service(f"intake-{name}", partial(run_plugin, plugin), sections=sections)


def load_plugin(name: str) -> Any:
    """The class behind the entry point `name`. Raises `SettingsError` when there is no such channel."""
    found = tuple(entry_points(group=CHANNELS))
    chosen = [point for point in found if point.name == name]
    if len(chosen) != 1:
        known = ", ".join(sorted({point.name for point in found})) or "none"
        what = f"is there {len(chosen)} times" if chosen else f"is not installed; there are: {known}"
        raise SettingsError([Mistake(f"channel {name}", what)])
    plugin = _class(chosen[0])
    if plugin.name != name:
        raise SettingsError([Mistake(f"channel {name}", f"calls itself {plugin.name!r}: the two must be the same")])
    return plugin


def _class(point: EntryPoint) -> Any:
    plugin = point.load()
    missing = [name for name in ("name", "Settings", "serve") if not hasattr(plugin, name)]
    if missing:
        raise SettingsError([Mistake(f"channel {point.name}", f"{point.value} has no {' and no '.join(missing)}")])
    return plugin


class ChannelHost:
    """What a plug-in is handed: `frontline.contract.channel.Host`, and `receive`."""

    def __init__(self, service: Service, channel: ChannelName, directory: Directory) -> None:
        self.inboxes: Inboxes = directory
        self.objects: ObjectStore = Objects(service.bus)
        self.conversations: Conversations = PublicConversations(
            service.bus, service.signer.key_hash, service.log, service.metrics.failed
        )
        self.views = DeskViews(service.bus, service.log)
        self.desks: Desks = self.views
        self.signals: Signals = ChannelSignals(service.bus, channel, service.log)
        self.checkpoints: Checkpoints = ChannelCheckpoints(service.bus, channel)
        self.log: Log = service.log
        self.meter: Meter = ChannelMeter(service.metrics, channel, service.log)
        self._service = service
        self._channel = channel
        self._limit = service.section(HostSettings).message_bytes
        self._deaf: str | None = "nothing listens yet"
        # Each by its labels once, not for each message.
        metrics = service.metrics
        self._taken = {outcome: metrics.intake_messages.labels(channel, outcome) for outcome in _OUTCOMES}
        self._accept_seconds = metrics.intake_accept_seconds.labels(channel)

    def listening(self, name: str, address: str) -> None:
        self._deaf = None
        self._service.listening(name, address)

    def sign(self, purpose: str, data: bytes) -> bytes:
        return self._service.signer.sign(f"channel {self._channel} {purpose}", data)

    def unready(self) -> str | None:
        return self._deaf

    def fell_silent(self, why: str) -> None:
        """The plug-in stopped serving: its listeners are gone."""
        self._deaf = why
        for name in tuple(self._service.status.listeners):
            self._service.not_listening(name)

    async def receive(self, message: InboundMessage | DeliveryReceipt) -> None:
        """`frontline.contract.channel.Receive`."""
        started = time.perf_counter()
        outcome = "bug"
        try:
            ack = await self._store(message)
            outcome = "repeated" if ack.duplicate else "accepted"
        except Rejected as error:
            outcome = "rejected"
            self.log.info("intake.rejected", message=message.id, inbox=message.inbox, reason=error.reason)
            raise
        except Unavailable as error:
            outcome = "full" if error.full else "unavailable"
            self.log.warning("intake.unavailable", message=message.id, inbox=message.inbox, full=error.full)
            raise
        finally:
            self._taken[outcome].inc()
            self._accept_seconds.observe(time.perf_counter() - started)

    async def _store(self, message: InboundMessage | DeliveryReceipt) -> PubAck:
        if message.channel != self._channel:
            raise ValueError(f"a message of channel {message.channel!r} came through {self._channel!r}")
        if self.inboxes.by_id(message.inbox) is None:
            raise Rejected("there is no such inbox", Reason.UNKNOWN_INBOX)
        if isinstance(message, InboundMessage):
            message, payload = fit(message, self._limit)
            kind, flaw = "inbound_message", message.flaw
        else:
            payload, kind, flaw = encode(message), "delivery_receipt", ""
        on = subject.inbound(self._channel, message.inbox)
        head = headers(
            id=message.id,
            kind=kind,
            source=f"/frontline/{self._channel}/{message.inbox}",
            at=message.times.received,
            traceparent=traceparent(message.id),
        )
        ack = await self._service.bus.publish(on, payload, head)
        if flaw:
            await self._show_flaw(message, on, payload, flaw, head)
        return ack

    async def _show_flaw(
        self, message: InboundMessage | DeliveryReceipt, on: str, payload: bytes, flaw: str, head: dict[str, str]
    ) -> None:
        """A copy for a person to look at. Only then the sender is told: a message that nobody
        could read and nobody was shown would be lost in all but name.
        """
        await park(
            self._service.bus,
            service=self._service.name,
            reason="flawed",
            origin=on,
            payload=payload,
            error=flaw,
            at=self._service.clock(),
            ids={"message": message.id, "inbox": message.inbox},
            original_headers=head,
            once=f"flawed.{message.id}",
        )
        self._service.metrics.parked.labels(self._service.name, "flawed").inc()
        self.log.warning("intake.flawed", message=message.id, inbox=message.inbox)


async def run_plugin(plugin: Any, service: Service) -> None:
    """Run one plug-in inside `service`, until it is to stop; then let both directions finish."""
    name = ChannelName(plugin.name)
    directory = Directory(service.bus, name, service.log, service.metrics)
    host = ChannelHost(service, name, directory)
    channel = cast("Plugin", plugin)(service.section(plugin.Settings), host)
    service.health.check("directory", directory.unready)
    service.health.check("listening", host.unready)
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(directory.follow(), name="directory"),
            tasks.create_task(host.views.run(), name="desk views"),
            tasks.create_task(_keep_serving(channel, host, service), name="serve"),
            tasks.create_task(_keep_swept(host, service), name="janitor"),
        ]
        if isinstance(channel, DeliversReplies):
            subscription = _subscription(channel, name, service)
            service.health.check("delivery", subscription.unready)
            running.append(tasks.create_task(subscription.run(), name="deliver"))
        await service.stopping.wait()
        for task in running:
            task.cancel()


def _subscription(channel: DeliversReplies, name: ChannelName, service: Service) -> "Subscription":
    from frontline.runtime.subscription import Subscription  # takes most of a second to import

    settings = service.section(DeliverySettings)
    delivery = Delivery(
        service=service.name,
        name=name,
        channel=channel,
        bus=service.bus,
        settings=settings,
        log=service.log,
        metrics=service.metrics,
        clock=service.clock,
    )
    assert service.settings.nats_url is not None
    return Subscription(
        delivery,
        bus=service.bus,
        channel=name,
        url=service.settings.nats_url,
        login=service.settings.nats_login,
        workers=settings.delivery_workers,
        drain_seconds=service.settings.drain_seconds,
        log=service.log,
        metrics=service.metrics,
    )


async def _keep_serving(channel: Channel, host: ChannelHost, service: Service) -> None:
    """Call `serve` again, on the same object, each time that it ends otherwise than by being cancelled."""
    loop = asyncio.get_running_loop()
    pause = _FIRST_PAUSE
    while True:
        began = loop.time()
        try:
            await channel.serve(host.receive)
            service.log.error("channel.ended")
        except Exception as error:
            mistakes = _mistakes(error)
            if mistakes:
                raise SettingsError(mistakes) from error
            service.log.error("channel.failed", exc_info=error)
        service.metrics.failed("serve")
        host.fell_silent("the channel has stopped serving")
        if loop.time() - began > _LONGEST_PAUSE:
            pause = _FIRST_PAUSE
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _keep_swept(host: ChannelHost, service: Service) -> None:
    """Soon after the start and then daily, in one of a channel's processes."""
    age = timedelta(hours=service.section(HostSettings).nameless_hours)
    removed = Counter(
        "frontline_nameless_uploads",
        "Unfinished uploads that were removed.",
        ["bucket"],
        registry=service.metrics.registry,
    )
    await asyncio.sleep(_SWEEP_AFTER)
    while True:
        for bucket in (ORIGINALS, ATTACHMENTS):
            try:
                count = await sweep(service.bus, host.checkpoints, bucket, age=age, now=service.clock())
            except Unavailable:
                service.log.warning("objects.not_swept", bucket=bucket)
                service.metrics.failed("janitor")
            except Exception as error:
                service.log.error("objects.not_swept", bucket=bucket, exc_info=error)
                service.metrics.failed("janitor")
            else:
                if count:
                    removed.labels(bucket).inc(count)
                    service.log.warning("objects.nameless_removed", bucket=bucket, uploads=count)
        await asyncio.sleep(_SWEEP_AGAIN)


def _mistakes(error: BaseException) -> list[Mistake]:
    """What the operator has to mend, also when it comes out of a task group."""
    if isinstance(error, SettingsError):
        return list(error.mistakes)
    if isinstance(error, BaseExceptionGroup):
        return [mistake for each in error.exceptions for mistake in _mistakes(each)]
    return []
