"""What the log says, read record by record at the moment when each is stored, and held against the promises.

It is the one reader that is never late, and decides nothing: it looks at what has been decided.
"""

from collections import Counter
from datetime import datetime, timedelta
from typing import NamedTuple

from frontline.contract.ids import DeskId, MessageId
from frontline.runtime.reader import Stored
from router.core.capacity import AVAILABLE
from router.core.clock import LAPSE
from router.core.commit import Commit, Outcome
from router.core.contact import ASSIGNED, OFFERED, STICKY, WAITING
from router.core.event import (
    OFFER,
    ContactAssigned,
    ContactOffered,
    DeskDecision,
    MessageReceived,
    OfferTimedOut,
    ReplyQueued,
)
from router.core.event_check_in import CheckInDue
from router.core.evolve import begin_commit, evolve, remember_outcome
from router.core.overlay import Position
from router.core.state import DeskState
from router.core.waiting import inbox_of
from router.desk.clock import MAX_OFF
from router.desk.fence import Counted, EpochBegan, Fence
from tests.simulation.desk.firm import SUPPORT
from tests.unit.router_core import oracle

_ON_TIME = timedelta(milliseconds=250)
"""Sending what was decided before takes its time."""
_DIRECTLY = ("direct", "transfer", "transferred")


class Written(NamedTuple):
    """A decision, when it was stored, and by which commit."""

    event: CheckInDue
    stored: datetime
    position: Position


class Truth:
    """`log` is what counts. `wrong` says what did not hold, first things first."""

    def __init__(self, limit: int, desk: DeskId = SUPPORT) -> None:
        """`limit` is that of the events of one commit."""
        self._limit = limit
        self.quiet_since: datetime | None = None
        """Since when nothing goes wrong: whatever comes due happens on time."""
        self.state = DeskState(desk)
        self.log: list[Commit] = []
        self.seq_of: dict[str, int] = {}
        """Where the answer to a request stands."""
        self.received: Counter[MessageId] = Counter()
        self.replies: Counter[MessageId] = Counter()
        self.check_ins: dict[MessageId, Written] = {}
        """By the message that each is to be."""
        self.requests: Counter[str] = Counter()
        self.told: dict[str, DeskDecision] = {}
        """Every event that counts, under the id that the rest of the world is told it by."""
        self.wrong: list[str] = []
        self.epochs = 0
        self._live: dict[str, int] = {}
        self.last_counted = 0
        self.fence = Fence()

    def admit(self, stored: Stored) -> None:
        record = self.fence.admit(stored)
        if isinstance(record, EpochBegan):
            self.epochs += 1
        if isinstance(record, Counted):
            try:
                self._take(record)
            except AssertionError as error:
                self.wrong.append(f"commit {record.commit.epoch}.{record.commit.index}: {error}")

    def _take(self, record: Counted) -> None:
        commit, state = record.commit, self.state
        self.log.append(commit)
        self.last_counted = record.seq
        before = state.now
        self._happens_on_time(commit)
        assert commit.now <= record.at + MAX_OFF, f"decided at {commit.now}, stored at {record.at}"
        begin_commit(state, commit.epoch, commit.index, commit.now)
        for n, event in enumerate(commit.events):
            assert event.at <= commit.now, f"{type(event).__name__} comes too early"
            if commit.cause == "epoch" and isinstance(event, OfferTimedOut):
                assert event.at <= before, f"{event.agent} missed an offer while there was no desk"
            self.told[f"{commit.epoch}.{commit.index}.{n}"] = event
            self._is_the_best_choice(event)
            evolve(state, (event,))
            self._count(event)
            if isinstance(event, CheckInDue):
                assert event.message not in self.check_ins, f"{event.contact} is asked by {event.rule} twice"
                self.check_ins[event.message] = Written(event, record.at, (commit.epoch, commit.index))
        if commit.outcome is not None:
            self._remember(commit.outcome, record.seq)
        # A full commit leaves the rest to the next one, which comes at once.
        if len(commit.events) < self._limit and not state.unanswering and not state.leaving:
            self._nobody_waits_whom_somebody_may_take()
        self._an_assignment_is_one_and_fits()

    def _happens_on_time(self, commit: Commit) -> None:
        due = self.state.dues.first()
        if self.quiet_since is not None and commit.index == 1:  # another leads: from here on it is on time
            self.quiet_since = commit.now
        elif self.quiet_since is not None and due is not None and due[0] > self.quiet_since:
            assert commit.now <= due[0] + _ON_TIME, f"{due[1:]} came due at {due[0]}, and happens at {commit.now}"

    def _count(self, event: DeskDecision) -> None:
        if isinstance(event, MessageReceived):
            self.received[event.message] += 1
            assert self.received[event.message] == 1, f"message {event.message} is decided twice"
        if isinstance(event, ReplyQueued):
            self.replies[event.reply] += 1
            assert self.replies[event.reply] == 1, f"reply {event.reply} is queued twice"

    def _remember(self, outcome: Outcome, seq: int) -> None:
        remember_outcome(self.state, outcome)
        self.requests[outcome.request] += 1
        self.seq_of[outcome.request] = seq
        assert self.requests[outcome.request] == 1, f"request {outcome.request} is decided twice"

    def _is_the_best_choice(self, event: DeskDecision) -> None:
        if not isinstance(event, ContactOffered | ContactAssigned):
            return
        if isinstance(event, ContactAssigned) and event.via == OFFER:
            return
        state = self.state
        agent = state.agents[event.agent]
        assert agent.has_room(state.contacts[event.contact].line.need), f"{agent.id} has no room for {event.contact}"
        if event.rule not in _DIRECTLY:
            best = oracle.best_match(state)
            assert best is not None, f"nobody should be given {event.contact}"
            assert (event.contact, event.agent) == (best[0].id, best[1].id), "somebody else was to be given away"

    def _an_assignment_is_one_and_fits(self) -> None:
        state = self.state
        capacity = {agent.id: agent.capacity for agent in state.settings.agents}
        held: dict[str, str] = {}
        asked: dict[str, str] = {}
        for agent in state.agents.values():
            needs = [state.contacts[contact].line.need for contact in (*agent.held, *agent.offered)]
            assert agent.load == sum(need.cost for need in needs), f"the load of {agent.id} is reckoned wrongly"
            assert agent.live_load == sum(need.cost for need in needs if need.live), f"live load of {agent.id}"
            # Capacity that is lowered takes nothing away, and gives nothing more.
            most = max(capacity.get(agent.id, 0), self._live.get(agent.id, 0))
            assert agent.live_load <= most, f"{agent.id} has more live work than there is room for"
            for contact in agent.held:
                assert contact not in held, f"{contact} is two agents'"
                held[contact] = agent.id
            for contact in agent.offered:
                assert contact not in asked, f"{contact} is offered twice"
                asked[contact] = agent.id
        self._live = {agent.id: agent.live_load for agent in state.agents.values()}
        contacts = state.contacts.values()
        assert {contact.id: contact.agent for contact in contacts if contact.phase == ASSIGNED} == held, "assignments"
        assert all(contact.agent is None for contact in contacts if contact.phase != ASSIGNED), "nobody's, and held"
        assert {contact.id for contact in contacts if contact.phase == OFFERED} == set(asked), "offers"

    def _nobody_waits_whom_somebody_may_take(self) -> None:
        state, now = self.state, self.state.now
        due = state.dues.first()
        assert due is None or due[0] >= now, f"{due[1:]} came due at {due[0]}, and has not happened at {now}"
        best = oracle.best_match(state)
        assert best is None, f"{best[0].id} waits, and {best[1].id} has room"
        assert not oracle.overlooked(state), "waits in a ring that nobody is in"
        known = state.rings
        for contact in state.contacts.values():
            for clock in contact.clocks:
                assert not clock.running or clock.paused or clock.due_at >= now, f"{clock.target} fires too late"
            if contact.offer is not None:
                assert contact.offer.expires_at >= now, "an offer stays open beyond its time"
                assert state.agents[contact.offer.agent].state == AVAILABLE, "offered to somebody who is not there"
            if contact.phase != WAITING:
                continue
            assert contact.since is not None
            if contact.ring == STICKY:
                alone = inbox_of(state, contact).sticky_for or timedelta(0)
                assert contact.since + max(alone, LAPSE) >= now, f"{contact.id} waits for one agent only"
            else:
                open_ = max(n for n, ring in enumerate(known) if contact.since + ring.after < now or not ring.after)
                assert contact.ring >= open_, f"{contact.id} waits in ring {contact.ring}, and {open_} is open"
