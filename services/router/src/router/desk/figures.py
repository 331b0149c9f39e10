"""What a desk's leader can be watched by. Labels are desks and kinds of commands: small, fixed sets."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from frontline.contract.ids import DeskId
from router.desk.log import LogWriter
from router.desk.loop import DeskLoop

_ERROR_BUCKETS = (-1800, -600, -300, -120, -60, -30, -10, 0, 10, 30, 60, 120, 300, 600, 1800)
_DECISION_BUCKETS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25)


class RouterFigures:
    """One set for all desks of a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._decisions = Histogram(
            "frontline_route_decision_seconds",
            "Time to decide one command, without storing it.",
            ["desk", "command"],
            registry=registry,
            buckets=_DECISION_BUCKETS,
        )
        self._leads = Gauge(
            "frontline_desk_leads", "1 on the replica that leads the desk.", ["desk"], registry=registry
        )
        self._takeovers = Counter(
            "frontline_desk_takeovers", "How often this replica began to lead.", ["desk"], registry=registry
        )
        self._waiting = Gauge(
            "frontline_desk_waiting_contacts", "Contacts that nobody has yet.", ["desk"], registry=registry
        )
        self._open = Gauge("frontline_desk_open_contacts", "Contacts held in memory.", ["desk"], registry=registry)
        self._pending = Gauge(
            "frontline_desk_pending_commits", "Commits that are not counted yet.", ["desk"], registry=registry
        )
        self._recoveries = Gauge(
            "frontline_desk_log_recoveries", "How often this epoch's log pipeline broke and was mended.", ["desk"],
            registry=registry,
        )  # fmt: skip

        self._wait_error = Histogram(
            "frontline_desk_wait_error_seconds",
            "What live customers waited, less what they would have been told on average when they came.",
            ["desk"],
            registry=registry,
            buckets=_ERROR_BUCKETS,
        )
        self._foretold = Counter(
            "frontline_desk_waits_foretold",
            "Live customers who were served, by whether their wait ended in the range that they were told.",
            ["desk", "within"],
            registry=registry,
        )
        self._snapshot = Gauge(
            "frontline_desk_snapshot_sequence",
            "The place in the log of the last snapshot.",
            ["desk"],
            registry=registry,
        )
        self._snapshots_failed = Counter(
            "frontline_desk_snapshots_failed", "Snapshots that could not be taken.", ["desk"], registry=registry
        )

        self._ends_lost = Counter(
            "frontline_desk_log_lost_end",
            "How often this replica found that the desk's log had lost its end, and began again from what is left.",
            ["desk"],
            registry=registry,
        )
        self._astray = Counter(
            "frontline_desk_contacts_astray",
            "Contacts that were at two desks or at none since a log had lost its end: let go of (left_over), taken from the "
            "log of the desk that gave them (missing), or found in no log (lost).",
            ["desk", "what"],
            registry=registry,
        )
        self._estimates_failed = Counter(
            "frontline_desk_estimates_failed",
            "Estimates of waits that a bug has prevented.",
            ["desk"],
            registry=registry,
        )

        self._check_ins = Counter(
            "frontline_desk_check_ins",
            "Check-ins that came due, by what became of them.",
            ["desk", "outcome"],
            registry=registry,
        )

        self._heard = Counter(
            "frontline_desk_heard_from_desks",
            "What other desks have sent, words about contacts (between) and messages (forwarded), by what became of it.",
            ["desk", "what", "outcome"],
            registry=registry,
        )

        self._behind = Counter(
            "frontline_desk_behind_others",
            "How often it was not known in time where a contact is: another desk's log was not read up to its end.",
            ["desk"],
            registry=registry,
        )

        self._unanswered = Counter(
            "frontline_desk_answers_not_sent",
            "Answers to requests that could not be sent. Whoever asked is told that nothing is known, and asks again.",
            ["desk"],
            registry=registry,
        )

        self._notices = Counter(
            "frontline_desk_notices",
            "Notices to agents, by the way they were to go and what became of them here.",
            ["desk", "way", "outcome"],
            registry=registry,
        )
        self._configuration = Gauge(
            "frontline_router_configuration_version", "The version that this process works by.", registry=registry
        )
        self._reloads = Counter(
            "frontline_router_reloads", "How often the file was read again, by what came of it.", ["outcome"],
            registry=registry,
        )  # fmt: skip

        self._erasures = Gauge(
            "frontline_desk_erasures_pending",
            "Customers and contacts that are erased, and of whom something may be left somewhere.",
            ["desk"],
            registry=registry,
        )
        self._erasing_failed = Counter(
            "frontline_desk_erasing_failed",
            "Passes of an erasure that could not be finished, or left bytes on the disk.",
            ["desk"],
            registry=registry,
        )

        self._decided: dict[tuple[DeskId, str], Histogram] = {}

    def configured(self, version: int) -> None:
        self._configuration.set(version)

    def reloaded(self, outcome: str) -> None:
        self._reloads.labels(outcome).inc()

    def led(self, desk: DeskId, loop: DeskLoop, writer: LogWriter) -> None:
        """This replica leads from here on; what is a state is read when somebody scrapes."""
        self._takeovers.labels(desk).inc()
        self._leads.labels(desk).set(1)
        self._waiting.labels(desk).set_function(lambda: loop.state.matching.waiting)
        self._open.labels(desk).set_function(lambda: len(loop.state.contacts))
        self._pending.labels(desk).set_function(lambda: writer.waiting)
        self._recoveries.labels(desk).set_function(lambda: writer.recoveries)

    def let_go(self, desk: DeskId) -> None:
        self._leads.labels(desk).set(0)
        self._erasures.labels(desk).set(0)
        for gauge in (self._waiting, self._open, self._pending, self._recoveries):
            gauge.labels(desk).set_function(lambda: 0)

    def erasures(self, desk: DeskId, pending: int) -> None:
        self._erasures.labels(desk).set(pending)

    def erasing_failed(self, desk: DeskId) -> None:
        self._erasing_failed.labels(desk).inc()

    def noticed(self, desk: DeskId, way: str, outcome: str) -> None:
        """A notice was `sent` on its way, or `dropped`: nothing in it held any more, or it led nowhere."""
        self._notices.labels(desk, way, outcome).inc()

    def waited(self, desk: DeskId, longer: float, *, within: bool) -> None:
        """Somebody who was told what to expect was served; they waited so many seconds longer than that."""
        self._wait_error.labels(desk).observe(longer)
        self._foretold.labels(desk, "yes" if within else "no").inc()

    def checked_in(self, desk: DeskId, outcome: str) -> None:
        self._check_ins.labels(desk, outcome).inc()

    def snapshot(self, desk: DeskId, seq: int) -> None:
        self._snapshot.labels(desk).set(seq)

    def snapshot_failed(self, desk: DeskId) -> None:
        self._snapshots_failed.labels(desk).inc()

    def heard(self, desk: DeskId, what: str, outcome: str) -> None:
        """`what` is `between` or `forwarded`; `outcome` is `taken`, `failed`, or why it was parked."""
        self._heard.labels(desk, what, outcome).inc()

    def behind(self, desk: DeskId) -> None:
        self._behind.labels(desk).inc()

    def unanswered(self, desk: DeskId) -> None:
        self._unanswered.labels(desk).inc()

    def lost_end(self, desk: DeskId) -> None:
        self._ends_lost.labels(desk).inc()

    def astray(self, desk: DeskId, what: str) -> None:
        self._astray.labels(desk, what).inc()

    def estimate_failed(self, desk: DeskId) -> None:
        self._estimates_failed.labels(desk).inc()

    def decided(self, desk: DeskId, command: str, seconds: float) -> None:
        found = self._decided.get((desk, command))
        if found is None:  # to ask for it by its labels takes longer than to count
            found = self._decided[desk, command] = self._decisions.labels(desk, command)
        found.observe(seconds)
