"""Whatever people do, clocks are told in order, end once, and a log gives them back as they were."""

from collections import defaultdict
from datetime import timedelta
from random import Random

import pytest

from frontline.contract.ids import AgentId, ContactId, MessageId
from frontline.contract.message import DeliveryState, ThreadEvidence
from router.core.advance import next_due
from router.core.command import EraseContact, Promise, WaitFor
from router.core.desk_settings import TargetSettings
from router.core.event_clock import ClockBreached, ClockPaused, ClockRebased, ClockResumed, ClockStarted, ClockWarned
from tests.unit.router_core.sla_desk import (
    BOTH,
    CUSTOMER,
    HOUR,
    OFFICE,
    THIRD_PARTY,
    PromisingDesk,
    promising,
    target,
)

OTHERS = ("security", "improvement", "normal", "low")
TARGETS = (
    target("first_response", 4 * HOUR, pause_in=(THIRD_PARTY,), raises=((0.8, "vip"),)),
    target("next_response", 2 * HOUR, pause_in=BOTH),
    target("resolution", 16 * HOUR, pause_in=BOTH, lanes=OTHERS),
    target("resolution", 5 * HOUR, pause_in=(CUSTOMER,), lanes=("vip",)),
    TargetSettings(target="follow_up"),
)


@pytest.mark.parametrize("seed", [*range(60), 346, 404, 691, 1294, 1593])
def test_a_story_of_waits_promises_lanes_and_bounces_is_told_in_order_and_replayed_the_same(seed: int) -> None:
    dice = Random(seed)
    calendar = OFFICE if dice.random() < 0.7 else None
    desk = PromisingDesk(promising(*TARGETS, calendar=calendar, agents=("a", "b")))
    desk.limit = dice.choice([2, 5, 500])
    contacts = [desk.opens(name, binds=[name]) for name in ("ann", "bob", "eve")]
    replies: list[tuple[ContactId, MessageId]] = []
    for _ in range(80):
        desk.now += timedelta(milliseconds=dice.choice([0, 1, 60_000, 3_600_000, 7_200_000, 40_000_000]))
        if contact := dice.choice([*contacts, None]):
            _act(dice, desk, contact, contacts, replies)
        else:
            desk.tick()
        if dice.random() < 0.05:
            desk.another_leads()
    while (due := next_due(desk.state)) is not None and due <= desk.now:
        desk.tick()
    assert desk.agrees_with_its_log()
    _told_in_order(desk)


def _act(
    dice: Random,
    desk: PromisingDesk,
    contact: ContactId,
    contacts: list[ContactId],
    replies: list[tuple[ContactId, MessageId]],
) -> None:
    agent, ahead = AgentId("a"), desk.now + timedelta(hours=dice.randint(1, 60))
    name = ("ann", "bob", "eve")[int(contact.removeprefix("c-k")) - 1]
    match dice.randrange(11):
        case 0 | 1:
            late = desk.now - timedelta(minutes=dice.choice([0, 0, 90]))
            desk.must(desk.mail(name, at=late, finds=[(name, ThreadEvidence.REFERENCE)]))
        case 2 | 3 if contact in desk.state.contacts:
            replies.append((contact, desk.reply(contact)))
        case 4 | 5:
            until = dice.choice([None, ahead])
            desk.ask(WaitFor(contact=contact, agent=agent, state=dice.choice(BOTH), until=until))
        case 6:
            desk.ask(Promise(contact=contact, agent=agent, due_at=ahead, note=MessageId(f"p{desk.now}"), draft=1))
        case 7:
            desk.change_lane(contact, "a", dice.choice(["vip", "normal", "low"]))
        case 8:
            desk.resolve(contact)
        case 9 if dice.random() < 0.9:
            desk.reopen(contact)
        case 9:
            desk.must(EraseContact(contact=contact))
        case 10 if replies:
            desk.delivery(*dice.choice(replies), DeliveryState.FAILED)


def _told_in_order(desk: PromisingDesk) -> None:
    """A breach is at the deadline in force, once a run; what stands still neither warns nor breaches."""
    due: dict[tuple[ContactId, str], object] = {}
    still: dict[tuple[ContactId, str], bool] = defaultdict(bool)
    for event in (event for commit in desk.log for event in commit.events):
        key = (getattr(event, "contact", ContactId("")), getattr(event, "target", ""))
        match event:
            case ClockStarted() | ClockResumed() | ClockRebased():
                due[key] = event.due_at
                still[key] = isinstance(event, ClockRebased) and still[key]
            case ClockPaused():
                assert not still[key]
                still[key] = True
            case ClockWarned():
                assert not still[key] or _just_rebased(desk, event)
            case ClockBreached():
                assert event.at == due[key]
                assert not still[key] or _just_rebased(desk, event)


def _just_rebased(desk: PromisingDesk, event: ClockWarned | ClockBreached) -> bool:
    """While it stood still it was moved to a lane by which its time had been over before."""
    commit = next(commit for commit in desk.log if event in commit.events)
    return any(isinstance(other, ClockRebased) and other.target == event.target for other in commit.events)


def test_the_stories_have_what_they_are_about() -> None:
    told = set()
    for seed in range(8):
        dice = Random(seed)
        desk = PromisingDesk(promising(*TARGETS))
        contacts = [desk.opens(name, binds=[name]) for name in ("ann", "bob", "eve")]
        replies: list[tuple[ContactId, MessageId]] = []
        for _ in range(60):
            desk.now += timedelta(minutes=dice.choice([1, 60, 120]))
            _act(dice, desk, dice.choice(contacts), contacts, replies)
        told |= {type(event).__name__ for commit in desk.log for event in commit.events}
    assert {"ClockPaused", "ClockResumed", "ClockRebased", "ClockBreached", "ClockWithdrawn", "PromiseMade"} <= told
