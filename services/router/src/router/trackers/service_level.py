"""How well we serve, as figures: decided events counted, clocks' outcomes, time to the first response.

An event counts once. Its id is remembered for the last `_REMEMBERED` events of this process, which
is hours of a busy desk; a repeat comes within seconds (a lost acknowledgement) or as long as a
change of leader takes (effects go over their last steps again). Replicas share one consumer, so
each event is counted by one of them; a repeat that another one gets within the broker's own
memory is not stored at all.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum

import msgspec
from prometheus_client import CollectorRegistry, Counter, Histogram

from frontline.configuration.model import Configuration
from frontline.contract.event import DeskEvent
from frontline.contract.ids import ChannelName, ContactId, DeskId
from router.core.event import DeskDecision
from router.core.event_clock import ClockBreached, ClockMet, ClockWithdrawn
from router.core.term import FIRST_RESPONSE, TARGETS
from router.index.row import ContactRow, stamp

Lookup = Callable[[DeskId, ContactId], ContactRow | None]
"""A contact as this replica's index knows it now."""

PATIENCE = 6
"""How often an event is looked at again until the index has come as far."""

_REMEMBERED = 65_536
_OTHER = "other"
_BUCKETS = (10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 604800)


class Verdict(Enum):
    DONE = "done"
    LATER = "later"
    MALFORMED = "malformed"


class ServiceLevel:
    """Takes events in any order, and repeats. Label values are of this deployment and this code."""

    def __init__(self, lookup: Lookup, registry: CollectorRegistry) -> None:
        self._desks: frozenset[DeskId] = frozenset()
        self._channels: frozenset[ChannelName] = frozenset()
        self._lookup = lookup
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._events = Counter("frontline_desk_events", "Decided events.", ["desk", "kind"], registry=registry)
        self._outcomes = Counter(
            "frontline_clock_outcomes",
            "What became of clocks; one met after its breach is a breach.",
            ["desk", "target", "outcome"],
            registry=registry,
        )
        self._first_response = Histogram(
            "frontline_first_response_seconds",
            "From the customer's first message to the reply that met the clock.",
            ["desk", "channel"],
            registry=registry,
            buckets=_BUCKETS,
        )
        self._unmeasured = Counter(
            "frontline_first_response_unmeasured",
            "First responses of contacts that the index does not know.",
            ["desk"],
            registry=registry,
        )

    def load(self, configuration: Configuration) -> None:
        """Whose figures these are; what is of no desk or channel of it is counted as `other`."""
        self._desks = frozenset(desk.id for desk in configuration.desks)
        self._channels = frozenset(configuration.channels)

    def take(self, data: bytes, deliveries: int) -> Verdict:
        """Count one event, unless it was counted before. `deliveries` is how often it was handed out."""
        try:
            event = _decode(data)
        except msgspec.DecodeError:
            return Verdict.MALFORMED
        key = (event.desk, event.id)
        if key in self._seen:
            return Verdict.DONE
        desk = event.desk if event.desk in self._desks else _OTHER
        if event.kind == _MET and event.data.get("target") == FIRST_RESPONSE and event.contact is not None:
            measured = self._measure(event.desk, event.contact, event.at)
            if measured is not None:
                channel, took = measured
                self._first_response.labels(desk, channel).observe(took.total_seconds())
            elif deliveries < PATIENCE:
                return Verdict.LATER
            else:
                self._unmeasured.labels(desk).inc()
        self._count(event, desk)
        self._remember(key)
        return Verdict.DONE

    def _measure(self, desk: DeskId, contact: ContactId, at: datetime) -> tuple[str, timedelta] | None:
        """How long the customer waited, and on which channel; `None` until the index has seen the response."""
        row = self._lookup(desk, contact)
        if row is None:
            return None
        for clock in reversed(row.clocks):
            if clock.target == FIRST_RESPONSE and clock.met_at == stamp(at):
                channel = row.channel if row.channel in self._channels else _OTHER
                return channel, at - datetime.fromisoformat(clock.started_at)
        return None

    def _count(self, event: DeskEvent, desk: str) -> None:
        self._events.labels(desk, event.kind if event.kind in _KINDS else _OTHER).inc()
        outcome = _OUTCOMES.get(event.kind)
        if outcome is None or event.data.get("late"):
            return
        target = event.data.get("target")
        self._outcomes.labels(desk, target if target in TARGETS else _OTHER, outcome).inc()

    def _remember(self, key: tuple[str, str]) -> None:
        self._seen[key] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)


_decode = msgspec.json.Decoder(DeskEvent).decode
_KINDS = frozenset(str(kind.__struct_config__.tag) for kind in DeskDecision.__args__)
_MET = str(ClockMet.__struct_config__.tag)
_OUTCOMES = {
    _MET: "met",
    str(ClockBreached.__struct_config__.tag): "breached",
    str(ClockWithdrawn.__struct_config__.tag): "withdrawn",
}
