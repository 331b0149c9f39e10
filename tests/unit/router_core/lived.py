"""What must hold of all that a desk has told in its life, read from its log."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from frontline.contract.ids import AgentId, ContactId, OfferId
from frontline.contract.message import Automation, Presence
from router.core.capacity import MISSES
from router.core.event import (
    OFFER,
    ContactAssigned,
    ContactOffered,
    ContactReopened,
    ContactUnassigned,
    MessageReceived,
    OfferAccepted,
    OfferRejected,
    OfferRenewed,
    OfferTimedOut,
    OfferWithdrawn,
    WaitEnded,
)
from router.core.event_check_in import CheckInArmed, CheckInDue
from router.core.event_clock import ClockBreached, ClockMet, ClockRebased, ClockStarted, ClockWarned, ClockWithdrawn
from router.core.event_people import AvailabilityChanged, ConfigChanged
from router.core.evolve import begin_commit, evolve
from router.core.reason import ESCALATED
from router.core.state import DeskState
from tests.unit.router_core import oracle
from tests.unit.router_core.driver import Desk


@dataclass
class _Run:
    at: datetime
    due_at: datetime
    warnings: tuple[tuple[float, datetime], ...]
    warned: list[float] = field(default_factory=list)
    breached: bool = False
    ended: bool = False


def clocks_end_once(desk: Desk) -> None:
    """Read as a story: a clock starts, warns in order, and ends in time, late after its breach, or not at all.
    Moved to another lane it has another deadline, and warns of that.
    """
    runs: dict[ContactId, _Run] = {}
    for event in (event for commit in desk.log for event in commit.events):
        if isinstance(event, ClockStarted) and not event.resumes:
            runs[event.contact] = _Run(event.at, event.due_at, event.warnings)
        if not isinstance(event, ClockStarted | ClockRebased | ClockWarned | ClockBreached | ClockMet | ClockWithdrawn):
            continue
        run = runs[event.contact]
        assert run.ended == (isinstance(event, ClockStarted) and bool(event.resumes))
        match event:
            case ClockStarted():
                assert (run.at, run.due_at) == (event.at, event.due_at)
                run.ended = False
            case ClockRebased():
                assert not run.breached
                run.due_at, run.warnings = event.due_at, event.warnings
            case ClockWarned():
                assert (event.fraction, event.at) in run.warnings
                assert event.fraction not in run.warned
                run.warned.append(event.fraction)
            case ClockBreached():
                assert not run.breached
                assert event.at == run.due_at
                assert run.warned == [0.5, 0.8]
                run.breached = True
            case ClockMet():
                assert event.late == run.breached
                # A call may have been answered in time and told of late: a recorded breach stays.
                assert event.late or event.at <= run.due_at
                run.ended = True
            case ClockWithdrawn():
                assert not run.breached
                run.ended = True


@dataclass
class _Asked:
    offered: ContactOffered
    expires_at: datetime


def offers_end_once(desk: Desk) -> None:
    """Read as a story: a contact has one offer at a time, which ends in one way, and then somebody else is
    asked before anybody twice; who misses two in a row is set away before they are asked again.
    """
    open_: dict[ContactId, _Asked] = {}
    rounds: dict[ContactId, tuple[int, list[AgentId]]] = {}
    missed: Counter[AgentId] = Counter()
    accepted: OfferId | None = None
    for event in (event for commit in desk.log for event in commit.events):
        assert accepted is None or (isinstance(event, ContactAssigned) and event.via == OFFER)
        accepted = None
        match event:
            case ContactOffered():
                assert event.contact not in open_
                assert missed[event.agent] < MISSES
                open_[event.contact] = _Asked(event, event.expires_at)
                round_, asked = rounds.get(event.contact, (0, []))
                if event.round != round_:
                    assert event.round == round_ + 1
                    asked = []
                assert event.agent not in asked
                rounds[event.contact] = event.round, [*asked, event.agent]
            case OfferRenewed():
                open_[event.contact].expires_at = event.expires_at
            case OfferAccepted() | OfferRejected() | OfferTimedOut() | OfferWithdrawn():
                was = open_.pop(event.contact)
                assert (was.offered.offer, was.offered.agent) == (event.offer, event.agent)
                assert (event.at == was.expires_at) if isinstance(event, OfferTimedOut) else True
                if isinstance(event, OfferAccepted):
                    accepted = event.offer
                if isinstance(event, OfferAccepted | OfferRejected):
                    assert event.at <= was.expires_at
                    missed[event.agent] = 0
                missed[event.agent] += isinstance(event, OfferTimedOut)
            case ContactUnassigned() if event.rule == ESCALATED:
                round_, _ = rounds.get(event.contact, (0, []))
                rounds[event.contact] = round_ + 1, [event.agent]
            case AvailabilityChanged():
                assert (event.reason == "missed_offers") <= (missed[event.agent] >= MISSES)
                missed[event.agent] = 0
            case ConfigChanged():
                named = {agent.id for agent in event.settings.agents}
                missed = Counter({agent: times for agent, times in missed.items() if agent in named})
    assert open_.keys() == set(desk.state.offers.values())


def check_ins_come_once(desk: Desk) -> None:
    """Each was armed, nothing was heard of its customer since then, and its rule speaks once in a contact."""
    armed: dict[tuple[str, str], CheckInArmed] = {}
    spoken: set[tuple[str, str]] = set()
    for event in (event for commit in desk.log for event in commit.events):
        match event:
            case CheckInArmed():
                assert (event.contact, event.rule) not in spoken
                armed[event.contact, event.rule] = event
            case CheckInDue():
                was = armed.pop((event.contact, event.rule))
                assert (was.due_at, was.customer) == (event.at, event.customer)
                spoken.add((event.contact, event.rule))
            case MessageReceived() if event.automation is not Automation.AUTO_REPLIED:
                if event.presence is not Presence.LEFT:
                    heard = (event.contact, event.customer)
                    armed = {
                        key: each for key, each in armed.items() if key[0] != heard[0] and each.customer != heard[1]
                    }
            case ContactReopened() | WaitEnded():
                armed = {key: each for key, each in armed.items() if key[0] != event.contact}
            case _:
                pass


def each_choice_was_the_best(desk: Desk) -> None:
    state = DeskState(desk.state.desk)
    for commit in desk.log:
        begin_commit(state, commit.epoch, commit.index, commit.now)
        for event in commit.events:
            if isinstance(event, ContactOffered) or (isinstance(event, ContactAssigned) and event.via != OFFER):
                agent = state.agents[event.agent]
                assert agent.has_room(state.contacts[event.contact].line.need)
                if event.rule not in ("direct", "transfer", "transferred"):
                    best = oracle.best_match(state)
                    assert best is not None
                    assert (event.contact, event.agent) == (best[0].id, best[1].id)
            evolve(state, (event,))
