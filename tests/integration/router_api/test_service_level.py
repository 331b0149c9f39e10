"""The tracker of service levels on a real stream: every event once, whatever the broker does."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from frontline.configuration.model import Configuration, Desk, Inbox
from frontline.contract import subject
from frontline.contract.codec import encode
from frontline.contract.error import Unavailable
from frontline.contract.event import DeskEvent
from frontline.contract.ids import ChannelName, ContactId, CustomerId, DeskId
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer
from frontline.runtime.login import Login
from frontline.runtime.metrics import Metrics
from frontline.runtime.telemetry import logger
from frontline.runtime.topology import EVENTS
from router.index.row import Clock, ContactRow, stamp
from router.trackers.service_level import PATIENCE, ServiceLevel, Verdict
from router.trackers.subscription import EventSubscription
from tests.integration.router_api.world import world
from tests.integration.router_desk.desk import EMAIL, INBOX, SUPPORT, killed_and_started, mail, until

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DURABLE = "service-level"


def event(n: int, kind: str = "ContactOpened", desk: str = "support", **data: object) -> DeskEvent:
    at = NOON + timedelta(seconds=n)
    return DeskEvent(id=f"1.{n}.0", desk=DeskId(desk), kind=kind, at=at, contact=ContactId("c1"), data=data)


async def tell(bus: Bus, *events: DeskEvent) -> None:
    for told in events:
        await bus.publish(subject.event(told.desk, told.kind), encode(told))


def unknown(_: DeskId, __: ContactId) -> ContactRow | None:
    return None


def answered(at: datetime, took: timedelta, channel: str = "email") -> ContactRow:
    clock = Clock(
        target="first_response",
        policy="standard",
        version=1,
        calendar="always",
        started_at=stamp(at - took),
        due_at=stamp(at),
        outcome="met",
        met_at=stamp(at),
    )
    return ContactRow(
        desk=SUPPORT,
        id=ContactId("c1"),
        ordinal=1,
        inbox=INBOX,
        channel=ChannelName(channel),
        customer=CustomerId("ann"),
        state="assigned",
        lane="normal",
        priority_reason="",
        opened_at="",
        updated_at="",
        clocks=(clock,),
    )


class Figures:
    """A tracker with a registry of its own."""

    def __init__(self, lookup: Callable[[DeskId, ContactId], ContactRow | None] = unknown) -> None:
        self.registry = CollectorRegistry()
        self.tracker = ServiceLevel(lookup, self.registry)
        inboxes = (Inbox(channel=EMAIL, id=INBOX, address="support@frontline.example"),)
        self.tracker.load(Configuration(desks=(Desk(id=SUPPORT, inboxes=inboxes),)))

    def value(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0

    def events(self, kind: str = "ContactOpened", desk: str = "support") -> float:
        return self.value("frontline_desk_events_total", desk=desk, kind=kind)


@asynccontextmanager
async def subscribed(
    nats: EmbeddedServer, bus: Bus, take: Callable[[bytes, int], Verdict], metrics: Metrics | None = None
) -> AsyncIterator[EventSubscription]:
    subscription = EventSubscription(
        DURABLE,
        take,
        bus=bus,
        url=nats.url,
        login=Login(nats.token),
        metrics=metrics or Metrics("router"),
        log=logger("router"),
        look=1.0,  # three in a row without a sign of life, and it is made anew: a loaded machine is no slower than that
        delay=0.02,
    )
    running = asyncio.create_task(subscription.run())
    try:
        yield subscription
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_decided_events_are_counted_with_the_time_to_the_first_response(
    nats: EmbeddedServer, provisioned: Bus, tmp_path: Path
) -> None:
    async with world(provisioned, tmp_path) as there:
        figures = Figures(there.index.read.row)
        id_ = await there.contact_from(mail("<1@one.example>"))
        reply = await there.client().post(f"/api/contacts/{id_}/replies", {"text": "Hi"})
        await there.client().get(f"/api/contacts/{id_}", seen=reply.seq)  # from here on it can be measured
        async with subscribed(nats, provisioned, figures.tracker.take):
            await until(lambda: figures.events("ClockMet") == 1)
            assert figures.events("ContactOpened") == figures.events("ReplyQueued") == 1
            outcome = {"desk": "support", "target": "first_response"}
            assert figures.value("frontline_clock_outcomes_total", outcome="met", **outcome) == 1
            labels = {"desk": "support", "channel": "email"}
            assert figures.value("frontline_first_response_seconds_count", **labels) == 1
            assert 0 <= figures.value("frontline_first_response_seconds_sum", **labels) < 60


async def test_the_same_event_again_is_counted_once(nats: EmbeddedServer, provisioned: Bus) -> None:
    figures = Figures()
    async with subscribed(nats, provisioned, figures.tracker.take):
        await tell(provisioned, event(1), event(2), event(1), event(2), event(3))
        await until(lambda: figures.events() == 3)
        await until(lambda: _settled(provisioned))
        assert figures.events() == 3


async def test_an_event_that_the_index_has_not_seen_yet_is_looked_at_again(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    asked: list[ContactId] = []

    def lags(_: DeskId, contact: ContactId) -> ContactRow | None:
        asked.append(contact)
        return answered(NOON + timedelta(seconds=1), timedelta(minutes=3)) if len(asked) > 3 else None

    figures = Figures(lags)
    async with subscribed(nats, provisioned, figures.tracker.take):
        await tell(provisioned, event(1, "ClockMet", target="first_response"), event(2))
        await until(lambda: figures.events() == 1)
        await until(lambda: figures.events("ClockMet") == 1)
        assert len(asked) == 4
        labels = {"desk": "support", "channel": "email"}
        assert figures.value("frontline_first_response_seconds_sum", **labels) == 180


async def test_a_response_that_nobody_can_measure_is_counted_in_the_end(nats: EmbeddedServer, provisioned: Bus) -> None:
    figures = Figures()
    async with subscribed(nats, provisioned, figures.tracker.take):
        await tell(provisioned, event(1, "ClockMet", target="first_response"))
        await until(lambda: figures.events("ClockMet") == 1)
        assert figures.value("frontline_first_response_unmeasured_total", desk="support") == 1


async def test_a_malformed_event_is_put_away_and_the_others_go_on(nats: EmbeddedServer, provisioned: Bus) -> None:
    figures, metrics = Figures(), Metrics("router")
    async with subscribed(nats, provisioned, figures.tracker.take, metrics):
        await provisioned.publish("event.support.Nonsense", b"{")
        await tell(provisioned, event(1))
        await until(lambda: figures.events() == 1)
        await until(lambda: _settled(provisioned))
        told = generate_latest(metrics.registry).decode()
        assert f'frontline_failures_total{{service="router",where="{DURABLE}"}} 1.0' in told


async def test_a_bug_holds_up_its_own_event_only_and_is_tried_again(nats: EmbeddedServer, provisioned: Bus) -> None:
    figures = Figures()
    failed = Counter[bytes]()

    def breaks(data: bytes, deliveries: int) -> Verdict:
        if b"1.1.0" in data and deliveries < 3:
            failed[data] += 1
            raise RuntimeError("a bug")
        return figures.tracker.take(data, deliveries)

    async with subscribed(nats, provisioned, breaks):
        await tell(provisioned, event(1), event(2))
        await until(lambda: figures.events() == 2)
        assert list(failed.values()) == [2]


async def test_a_restart_goes_on_where_the_last_one_stopped(nats: EmbeddedServer, provisioned: Bus) -> None:
    before, after = Figures(), Figures()
    async with subscribed(nats, provisioned, before.tracker.take):
        await tell(provisioned, event(1), event(2))
        await until(lambda: before.events() == 2)
        await until(lambda: _settled(provisioned))
    await tell(provisioned, event(3))
    async with subscribed(nats, provisioned, after.tracker.take):
        await until(lambda: after.events() == 1)
        await until(lambda: _settled(provisioned))
        assert after.events() == 1


async def test_what_was_told_before_the_first_start_is_counted(nats: EmbeddedServer, provisioned: Bus) -> None:
    await tell(provisioned, event(1), event(2))
    figures = Figures()
    async with subscribed(nats, provisioned, figures.tracker.take):
        await until(lambda: figures.events() == 2)


async def test_a_consumer_that_was_deleted_comes_back_and_nothing_is_counted_twice_or_missed(
    nats: EmbeddedServer, provisioned: Bus
) -> None:
    figures = Figures()
    async with subscribed(nats, provisioned, figures.tracker.take):
        await tell(provisioned, event(1), event(2))
        await until(lambda: figures.events() == 2)
        await provisioned.nc.jetstream().delete_consumer(EVENTS, DURABLE)
        await tell(provisioned, event(3))
        await until(lambda: figures.events() == 3)
        await until(lambda: _settled(provisioned))
        assert figures.events() == 3


async def test_a_server_that_was_away_is_no_reason_to_stop(nats: EmbeddedServer, provisioned: Bus) -> None:
    figures = Figures()
    async with subscribed(nats, provisioned, figures.tracker.take):
        await tell(provisioned, event(1))
        await until(lambda: figures.events() == 1)
        await killed_and_started(nats, provisioned)
        await until(lambda: _told(provisioned, event(2)))
        await until(lambda: figures.events() == 2)


async def test_it_can_be_stopped_while_the_server_is_away(nats: EmbeddedServer, provisioned: Bus) -> None:
    figures = Figures()
    async with subscribed(nats, provisioned, figures.tracker.take):
        await tell(provisioned, event(1))
        await until(lambda: figures.events() == 1)
        await nats.kill()
        await until(lambda: not provisioned.connected)


def test_labels_are_of_this_deployment_whatever_comes() -> None:
    figures = Figures(lambda *_: answered(NOON, timedelta(seconds=5), "telepathy"))
    for n in range(50):
        told = event(n, f"Kind{n}", f"desk-{n}", target=f"target{n}")
        assert figures.tracker.take(encode(told), 1) is Verdict.DONE
    met = event(0, "ClockMet", "support", target="first_response")
    assert figures.tracker.take(encode(met), 1) is Verdict.DONE
    breached = event(1, "ClockBreached", "support", target="sixth_sense")
    assert figures.tracker.take(encode(breached), 1) is Verdict.DONE
    shown = generate_latest(figures.registry).decode()
    assert 'frontline_desk_events_total{desk="other",kind="other"} 50.0' in shown
    assert 'outcome="breached",target="other"} 1.0' in shown
    assert 'frontline_first_response_seconds_count{channel="other",desk="support"} 1.0' in shown
    assert not any(word in shown for word in ("telepathy", "sixth_sense", "Kind1", "desk-1"))


def test_a_clock_that_is_met_late_is_no_second_outcome() -> None:
    figures = Figures()
    figures.tracker.take(encode(event(1, "ClockBreached", target="resolution")), 1)
    figures.tracker.take(encode(event(2, "ClockMet", target="resolution", late=True)), 1)
    labels = {"desk": "support", "target": "resolution"}
    assert figures.value("frontline_clock_outcomes_total", outcome="breached", **labels) == 1
    assert figures.value("frontline_clock_outcomes_total", outcome="met", **labels) == 0
    assert figures.events("ClockMet") == 1


def test_patience_ends() -> None:
    figures = Figures()
    data = encode(event(1, "ClockMet", target="first_response"))
    assert figures.tracker.take(data, PATIENCE - 1) is Verdict.LATER
    assert figures.events("ClockMet") == 0
    assert figures.tracker.take(data, PATIENCE) is Verdict.DONE


async def _settled(bus: Bus) -> bool:
    """Whether the consumer has handed out everything and had it acknowledged."""
    info = await bus.nc.jetstream().consumer_info(EVENTS, DURABLE)
    return not info.num_pending and not info.num_ack_pending


async def _told(bus: Bus, told: DeskEvent) -> bool:
    try:
        await tell(bus, told)
    except Unavailable:
        return False
    return True
