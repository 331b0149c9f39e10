"""The figures of one process, under the names that dashboards and alerts are written against.

Label values come from small fixed sets; what a plug-in passes in is held to that here.
"""

import re
from contextlib import suppress
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from frontline.contract.channel import Log

_ACCEPT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_VALUE = re.compile(r"[a-zA-Z0-9_.-]{1,40}\Z")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}\Z")
_VALUES_PER_LABEL = 50
_OTHER = "other"


class Metrics:
    """Counters and gauges of one process. Services add their own to `registry`."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        info = Gauge("frontline_build_info", "Which version runs here.", ["service", "version"], registry=registry)
        info.labels(service, version("frontline")).set(1)
        self.nats_connected = Gauge("frontline_nats_connected", "1 while connected to NATS.", registry=registry)
        self.intake_messages = Counter(
            "frontline_intake_messages",
            "Messages taken in, by what became of them.",
            ["channel", "outcome"],
            registry=registry,
        )
        self.intake_accept_seconds = Histogram(
            "frontline_intake_accept_seconds",
            "From receive() until the message was stored.",
            ["channel"],
            registry=registry,
            buckets=_ACCEPT_BUCKETS,
        )
        self.parked = Counter(
            "frontline_parked", "Messages set aside for a person.", ["service", "reason"], registry=registry
        )
        self.deliveries = Counter(
            "frontline_deliveries",
            "Attempts to deliver a reply, by outcome.",
            ["channel", "outcome"],
            registry=registry,
        )
        self.failures = Counter(
            "frontline_failures", "Failures that nobody expected, by where.", ["service", "where"], registry=registry
        )

    def failed(self, where: str) -> None:
        """Count an unexpected failure; `where` is a fixed name in the code."""
        self.failures.labels(self.service, where).inc()


class ChannelMeter:
    """`frontline.contract.channel.Meter`: a counter `frontline_<channel>_<name>_total`, or a gauge without
    `_total`, for each name.
    """

    def __init__(self, metrics: Metrics, channel: str, log: Log) -> None:
        self._metrics = metrics
        self._prefix = f"frontline_{channel.replace('-', '_')}"
        self._log = log
        self._known: dict[str, tuple[Counter | Gauge, tuple[str, ...]]] = {}
        self._seen: dict[tuple[str, str], set[str]] = {}
        self._bound: dict[tuple[object, ...], Counter | Gauge] = {}

    def count(self, name: str, **labels: str) -> None:
        """Never raises: a wrong name or other labels than the first time are a failure to count, and logged."""
        figure = self._figure(Counter, "Counted by the channel.", name, labels)
        if isinstance(figure, Counter):
            figure.inc()

    def level(self, name: str, value: float, **labels: str) -> None:
        """Never raises either."""
        figure = self._figure(Gauge, "Measured by the channel.", name, labels)
        if isinstance(figure, Gauge):
            figure.set(value)

    def _figure(
        self, kind: type[Counter] | type[Gauge], about: str, name: str, labels: dict[str, str]
    ) -> Counter | Gauge | None:
        """What stands under these names and values; `None`, counted and logged, where nothing can."""
        key = (kind, name, *labels.items())
        if (known := self._bound.get(key)) is not None:
            return known
        figure = self._found(kind, about, name, labels)
        # What is counted among others has too many values to keep each.
        if figure is not None and all(value in self._seen[name, label] for label, value in labels.items()):
            self._bound[key] = figure
        return figure

    def _found(
        self, kind: type[Counter] | type[Gauge], about: str, name: str, labels: dict[str, str]
    ) -> Counter | Gauge | None:
        names = tuple(sorted(labels))
        if name not in self._known and _NAME.match(name):
            with suppress(ValueError):  # another figure of the process has this name
                made = kind(f"{self._prefix}_{name}", about, names, registry=self._metrics.registry)
                self._known[name] = (made, names)
        figure, known_names = self._known.get(name, (None, ()))
        if not isinstance(figure, kind) or known_names != names:
            self._metrics.failed("meter")
            self._log.warning("meter.refused", counter=name[:60])
            return None
        values = [self._bounded(name, label, labels[label]) for label in names]
        return figure.labels(*values) if names else figure

    def _bounded(self, name: str, label: str, value: str) -> str:
        seen = self._seen.setdefault((name, label), set())
        if value in seen:
            return value
        if not _VALUE.match(value) or len(seen) >= _VALUES_PER_LABEL:
            return _OTHER
        seen.add(value)
        return value
