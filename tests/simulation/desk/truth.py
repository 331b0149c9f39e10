"""What the log says, read record by record at the moment when each is stored, and held against the promises.

It is the one reader that is never late, and decides nothing: it looks at what has been decided.
"""

from collections import Counter

from frontline.contract.ids import MessageId
from frontline.runtime.reader import Stored
from router.core.advance import next_due
from router.core.capacity import AVAILABLE
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
from router.core.evolve import begin_commit, evolve, remember_outcome
from router.core.state import DeskState
from router.core.waiting import rings
from router.desk.clock import MAX_OFF
from router.desk.fence import Counted, EpochBegan, Fence
from tests.simulation.desk.firm import SUPPORT
from tests.unit.router_core import oracle

_DIRECTLY = ("direct", "transfer", "transferred")


class Truth:
    """`log` is what counts. `wrong` says what did not hold, first things first."""

    def __init__(self) -> None:
        self.state = DeskState(SUPPORT)
        self.log: list[Commit] = []
        self.seq_of: dict[str, int] = {}
        """Where the answer to a request stands."""
        self.received: Counter[MessageId] = Counter()
        self.replies: Counter[MessageId] = Counter()
        self.requests: Counter[str] = Counter()
        self.told: dict[str, DeskDecision] = {}
        """Every event that counts, under the id that the rest of the world is told it by."""
        self.wrong: list[str] = []
        self.epochs = 0
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
        assert commit.now <= record.at + MAX_OFF, f"decided at {commit.now}, stored at {record.at}"
        begin_commit(state, commit.epoch, commit.index, commit.now)
        for n, event in enumerate(commit.events):
            assert event.at <= commit.now, f"{type(event).__name__} comes too early"
            if commit.cause == "epoch" and isinstance(event, OfferTimedOut):
                assert event.at <= before, f"{event.agent} missed an offer while there was no desk"
            self.told[f"{commit.epoch}.{commit.index}.{n}"] = event
            self._is_the_best_choice(event)
            evolve(state, event)
            self._count(event)
        if commit.outcome is not None:
            self._remember(commit.outcome, record.seq)
        self._holds()

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

    def _holds(self) -> None:
        self._an_assignment_is_one_and_fits()
        self._nobody_waits_whom_somebody_may_take()

    def _an_assignment_is_one_and_fits(self) -> None:
        state = self.state
        held: dict[str, str] = {}
        asked: dict[str, str] = {}
        for agent in state.agents.values():
            needs = [state.contacts[contact].line.need for contact in (*agent.held, *agent.offered)]
            assert agent.load == sum(need.cost for need in needs), f"the load of {agent.id} is reckoned wrongly"
            assert agent.live_load == sum(need.cost for need in needs if need.live), f"live load of {agent.id}"
            assert agent.live_load <= agent.capacity, f"{agent.id} has more live work than there is room for"
            for contact in agent.held:
                assert contact not in held, f"{contact} is two agents'"
                held[contact] = agent.id
            for contact in agent.offered:
                assert contact not in asked, f"{contact} is offered twice"
                asked[contact] = agent.id
        contacts = state.contacts.values()
        assert {contact.id: contact.agent for contact in contacts if contact.phase == ASSIGNED} == held, "assignments"
        assert all(contact.agent is None for contact in contacts if contact.phase != ASSIGNED), "nobody's, and held"
        assert {contact.id for contact in contacts if contact.phase == OFFERED} == set(asked), "offers"

    def _nobody_waits_whom_somebody_may_take(self) -> None:
        state = self.state
        due, now = next_due(state), state.now
        if due is not None and due <= now:
            return  # the rest is decided next
        best = oracle.best_match(state)
        assert best is None, f"{best[0].id} waits, and {best[1].id} has room"
        assert not oracle.overlooked(state), "waits in a ring that nobody is in"
        known = rings(state)
        for contact in state.contacts.values():
            for clock in contact.clocks:
                assert not clock.running or clock.paused or clock.due_at >= now, f"{clock.target} fires too late"
            if contact.offer is not None:
                assert contact.offer.expires_at >= now, "an offer stays open beyond its time"
                assert state.agents[contact.offer.agent].state == AVAILABLE, "offered to somebody who is not there"
            if contact.phase == WAITING and contact.ring != STICKY:
                assert contact.since is not None
                open_ = max(n for n, ring in enumerate(known) if contact.since + ring.after < now or not ring.after)
                assert contact.ring >= open_, f"{contact.id} waits in ring {contact.ring}, and {open_} is open"
