"""The estimated wait: honest about who is there, who is ahead, and what is not known."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import msgspec
import pytest

from frontline.contract.ids import AgentId, ContactId, InboxId
from frontline.contract.message import MessageKind, Presence, ThreadEvidence
from router.core.advance import next_due
from router.core.desk_settings import (
    AgentSettings,
    CalendarSettings,
    DeskSettings,
    HoursSettings,
    InboxSettings,
    PolicySettings,
    RingSettings,
    TargetSettings,
)
from router.core.handling import Expected, Handling
from router.core.rota_settings import ShiftSettings
from router.core.wait import Estimate, Waits, waits
from router.core.wait_plan import comings, opens_at
from tests.unit.router_core.driver import EMAIL, NOON, SUPPORT, Desk, settings

FRENCH = InboxId("french")
MINUTE = timedelta(minutes=1)
TEN = 10 * MINUTE


def agent(name: str, *skills: str, capacity: int = 100, available: bool = True) -> AgentSettings:
    return AgentSettings(id=AgentId(name), skills=skills, capacity=capacity, available=available)


def desk(
    *agents: AgentSettings,
    cost: int = 100,
    handling: timedelta | None = TEN,
    offer_for: timedelta | None = None,
    shifts: tuple[ShiftSettings, ...] = (),
    rings: tuple[RingSettings, ...] = (RingSettings(),),
    wrap_up: timedelta | None = None,
) -> Desk:
    def inbox(name: InboxId, *skills: str, lane: str = "normal") -> InboxSettings:
        return InboxSettings(
            channel=EMAIL, id=name, cost=cost, live=True, handling=handling, skills=skills, lane=lane,
            offer_for=offer_for, wrap_up=wrap_up,
        )  # fmt: skip

    inboxes = [inbox(SUPPORT), inbox(FRENCH, "french"), inbox(VIP, lane="vip")]
    made: DeskSettings = settings(*agents, inboxes=inboxes, within=None)
    return Desk(msgspec.structs.replace(made, shifts=shifts, rings=rings))


VIP = InboxId("vip")


def comes(there: Desk, inbox: InboxId = SUPPORT) -> ContactId:
    return there.opens(inbox=inbox, presence=Presence.LIVE)


def look(there: Desk) -> Waits:
    keys = [(EMAIL, inbox) for inbox in (SUPPORT, FRENCH, VIP)]
    return waits(there.state, there.state.contacts, keys, there.now, comings(there.state, there.now))


def told(there: Desk, inbox: InboxId = SUPPORT) -> Estimate | None:
    """What somebody is told who would come now."""
    return look(there).inboxes[EMAIL, inbox]


def must(estimate: Estimate | None) -> Estimate:
    assert estimate is not None
    return estimate


def positions(there: Desk, contacts: Sequence[ContactId]) -> list[int]:
    found = look(there).contacts
    return [found[contact][0] for contact in contacts]


def test_rule_3_case_40_with_nobody_there_nobody_can_tell() -> None:
    there = desk(agent("a", available=False))
    assert told(there) is None
    contact = comes(there)
    assert look(there).contacts[contact] == (1, None)
    assert told(desk()) is None


def test_rule_3_whoever_comes_to_somebody_free_does_not_wait() -> None:
    assert told(desk(agent("a"))) == Estimate(timedelta(0), timedelta(0), timedelta(0))


def test_case_40_one_agent_without_history_is_what_was_configured_in_a_wide_range() -> None:
    there = desk(agent("a"))
    comes(there)
    estimate = must(told(there))
    assert estimate.mean == TEN
    assert estimate.low < MINUTE
    assert estimate.high > 20 * MINUTE


def test_rule_3_history_outweighs_what_was_configured_and_narrows_the_range() -> None:
    there = desk(agent("a"), handling=timedelta(hours=1))
    for _ in range(60):
        contact = comes(there)
        there.wait(minutes=2)
        there.resolve(contact)
    comes(there)
    estimate = must(told(there))
    assert MINUTE < estimate.mean < 4 * MINUTE
    assert there.agrees_with_its_log()


def test_rule_3_each_who_waits_is_told_a_turn_more() -> None:
    there = desk(agent("a"), agent("b"))
    contacts = [comes(there) for _ in range(5)]
    found = look(there).contacts
    assert [found[contact][0] for contact in contacts[2:]] == [1, 2, 3]
    assert [must(found[contact][1]).mean for contact in contacts[2:]] == [5 * MINUTE, 10 * MINUTE, 15 * MINUTE]
    assert must(told(there)).mean == 20 * MINUTE


def test_a_vip_is_told_of_those_ahead_of_a_vip_only() -> None:
    there = desk(agent("a"))
    contacts = [comes(there), comes(there), comes(there)]
    assert must(told(there, VIP)).mean == TEN
    assert must(told(there)).mean == 30 * MINUTE
    vip = comes(there, VIP)
    assert positions(there, [vip, *contacts[1:]]) == [1, 2, 3]


def test_case_40_a_position_never_counts_those_who_wait_for_other_people() -> None:
    there = desk(agent("a"), agent("b", "french", capacity=100))
    comes(there)
    comes(there)  # both are busy now; everybody may be served by b, and plain ones by a, too
    plain = [comes(there) for _ in range(3)]
    french = comes(there, FRENCH)
    assert positions(there, [*plain, french]) == [1, 2, 3, 4]
    apart = desk(agent("a", "german"), agent("b", "french"))
    others = [comes(apart, FRENCH) for _ in range(4)]
    assert positions(apart, others[1:]) == [1, 2, 3]
    assert must(told(apart, FRENCH)).mean == 40 * MINUTE
    assert must(told(apart)).mean == timedelta(0), "a is free"


def test_two_queues_with_nobody_in_common_do_not_see_each_other() -> None:
    def inbox(name: InboxId, skill: str) -> InboxSettings:
        return InboxSettings(channel=EMAIL, id=name, cost=100, live=True, handling=TEN, skills=(skill,))

    both = [inbox(SUPPORT, "german"), inbox(FRENCH, "french")]
    there = Desk(settings(agent("a", "german"), agent("b", "french"), inboxes=both, within=None))
    contacts = [comes(there, name) for name in (SUPPORT, FRENCH, SUPPORT, FRENCH, SUPPORT, FRENCH)]
    found = waits(there.state, contacts, [(EMAIL, SUPPORT), (EMAIL, FRENCH)], there.now)
    assert [found.contacts[contact][0] for contact in contacts[2:]] == [1, 1, 2, 2]
    assert {must(estimate).mean for estimate in found.inboxes.values()} == {3 * TEN}


def test_rule_3_those_ahead_count_as_far_as_they_are_served_by_the_same_people() -> None:
    there = desk(agent("a"), agent("b", "french"))
    for _ in range(4):
        comes(there)
    # Of the two who wait a takes one and a half, by when b has had time for the rest and the one who speaks French.
    assert must(told(there, FRENCH)).mean / TEN == pytest.approx(1.5)
    assert must(told(there)).mean == 3 * TEN / 2
    for _ in range(4):
        comes(there, FRENCH)
    # Now b is busy with French for long, and a alone serves the others.
    assert must(told(there)).mean / TEN == pytest.approx(3)
    assert must(told(there, FRENCH)).mean / TEN == pytest.approx(5)


def test_a_call_ahead_of_a_chat_takes_the_room_of_several() -> None:
    calls = InboxSettings(channel=EMAIL, id=SUPPORT, cost=100, live=True, handling=TEN)
    chats = InboxSettings(channel=EMAIL, id=FRENCH, cost=50, live=True, handling=TEN)
    there = Desk(settings(agent("a"), inboxes=[calls, chats], within=None))
    contacts = [comes(there), comes(there)]
    found = waits(there.state, contacts, [(EMAIL, FRENCH)], there.now)
    # Two turns for the call that waits, and one; two come free in ten minutes.
    assert must(found.inboxes[EMAIL, FRENCH]).mean == 1.5 * TEN


def test_people_of_other_skills_do_not_make_a_wait_shorter() -> None:
    there = desk(agent("a", "german"), agent("b", "french"), agent("c", "german"))
    comes(there, FRENCH)
    assert must(told(there, FRENCH)).mean == TEN


def test_rule_3_one_agent_takes_several_chats_at_once() -> None:
    there = desk(agent("a"), cost=30)
    for _ in range(3):
        comes(there)
    assert must(told(there)).mean == TEN / 3


def test_whoever_has_left_waits_no_more_and_one_whose_channel_does_not_tell_does() -> None:
    there = desk(agent("a"))
    comes(there)
    waiting = there.opens(presence=Presence.LIVE, binds=["waiting"])
    assert look(there).contacts[waiting][0] == 1
    there.must(there.mail(presence=Presence.LEFT, kind=MessageKind.SYSTEM, finds=[("waiting", ThreadEvidence.TOKEN)]))
    assert waiting not in look(there).contacts
    silent = InboxSettings(channel=EMAIL, id=SUPPORT, cost=100, offer_for=timedelta(seconds=20))
    untold = Desk(settings(agent("a"), inboxes=[silent], within=None))
    first, second = untold.opens(), untold.opens()
    found = waits(untold.state, untold.state.contacts, [(EMAIL, SUPPORT)], untold.now).contacts
    assert [found[contact][0] for contact in (first, second)] == [1, 1]
    assert must(found[second][1]).high > MINUTE


def test_mail_in_hand_keeps_nobody_waiting() -> None:
    there = desk(agent("a"))
    there.opens()
    assert must(told(there)).mean == timedelta(0)


def test_case_40_agents_who_leave_make_a_wait_longer_or_endless() -> None:
    there = desk(agent("a"), agent("b"))
    for _ in range(6):
        comes(there)
    before = must(told(there)).mean
    there.available("b", until=there.now + 5 * MINUTE)
    assert must(told(there)).mean > before
    there.available("a", until=there.now + 5 * MINUTE)
    assert told(there) is None


def test_an_agent_who_comes_back_makes_a_wait_shorter() -> None:
    there = desk(agent("a"), agent("b"))
    there.available("b", "away", until=there.now + 5 * MINUTE)
    for _ in range(4):
        comes(there)
    # a alone for five minutes is half a turn; then both, for three and a half turns
    assert must(told(there)).mean == 5 * MINUTE + 3.5 * 5 * MINUTE


def test_case_41_when_the_last_agent_goes_those_who_wait_are_told_the_truth_and_when_somebody_is_back() -> None:
    there = desk(agent("a"))
    contacts = [comes(there), comes(there)]
    assert look(there).contacts[contacts[1]][1] is not None
    back = there.now + timedelta(hours=2)
    there.available("a", "offline", until=back)
    assert look(there).contacts[contacts[1]] == (1, Estimate(*[2 * 60 * MINUTE + TEN] * 3)) or told(there) is not None
    assert opens_at(there.state, there.now) == back
    there.available("a", "offline")
    assert look(there).contacts[contacts[1]] == (1, None)
    assert opens_at(there.state, there.now) is None


def test_rule_3_the_rota_says_when_somebody_is_there_again_and_who_leaves() -> None:
    shift = ShiftSettings(
        id="day", zone="UTC", days=tuple(range(7)), begins=time(8), ends=time(12, 5), weeks=((AgentId("a"),),),
        since=date(2026, 3, 2), available=True,
    )  # fmt: skip
    there = desk(agent("a", available=False), shifts=(shift,))
    assert must(told(there)).mean == timedelta(0)
    for _ in range(3):
        comes(there)
    assert told(there) is None, "the shift ends in five minutes"
    there.available("a", until=there.now + timedelta(hours=3))
    assert must(told(there)).mean == 3 * TEN, "a stays longer"
    there.now = datetime(2026, 3, 2, 22, tzinfo=UTC)
    there.tick()
    assert opens_at(there.state, there.now) == datetime(2026, 3, 3, 8, tzinfo=UTC)


def test_rule_3_without_shifts_the_calendar_says_when_a_desk_opens() -> None:
    office = CalendarSettings(
        id="office", week=tuple(HoursSettings(weekday=day, opens=540, closes=1020) for day in range(5))
    )
    target = TargetSettings(target="first_response", within=timedelta(hours=4))
    inbox = InboxSettings(channel=EMAIL, id=SUPPORT, live=True)
    made = msgspec.structs.replace(
        settings(agent("a", available=False), inboxes=[inbox]),
        calendars=(office,),
        policies=(PolicySettings(id="standard", version=1, calendar="office", targets=(target,)),),
    )
    there = Desk(made)
    assert opens_at(there.state, datetime(2026, 3, 6, 20, tzinfo=UTC)) == datetime(2026, 3, 9, 9, tzinfo=UTC)
    assert opens_at(there.state, datetime(2026, 3, 6, 12, tzinfo=UTC)) is None, "it is open, and nobody is there"


def test_a_wider_ring_counts_once_it_is_open() -> None:
    there = desk(
        agent("a"),
        agent("b", "french"),
        agent("c", "french", available=False),
        rings=(RingSettings(), RingSettings(after=5 * MINUTE, skills=False)),
    )
    plain, first, second, third = comes(there), comes(there, FRENCH), comes(there, FRENCH), comes(there, FRENCH)
    assert [there.holder(contact) for contact in (plain, first, second)] == ["a", "b", None]
    assert must(look(there).contacts[third][1]).mean == 2 * TEN, "b alone speaks French"
    there.wait(minutes=5)
    there.tick()
    assert must(look(there).contacts[third][1]).mean == TEN, "a may be asked now, too"


def test_being_asked_takes_time_too() -> None:
    there = desk(agent("a"), offer_for=timedelta(seconds=20))
    assert must(told(there)).mean == timedelta(seconds=10)
    for _ in range(40):
        contact = comes(there)
        offer = there.offer(contact)
        there.wait(seconds=4)
        there.accept(offer.id, "a")
        there.resolve(contact)
    assert timedelta(seconds=4) <= must(told(there)).mean < timedelta(seconds=5)
    contact = comes(there)
    position, estimate = look(there).contacts[contact]
    assert position == 1
    assert must(estimate).high == timedelta(seconds=20)


def test_wrapping_up_is_a_part_of_what_a_contact_takes() -> None:
    there = desk(agent("a"), wrap_up=2 * MINUTE, handling=timedelta(hours=2))
    for name in map(str, range(200)):
        contact = there.opens(presence=Presence.LIVE, binds=[name])
        there.wait(minutes=3)
        there.must(there.mail(presence=Presence.LEFT, kind=MessageKind.SYSTEM, finds=[(name, ThreadEvidence.TOKEN)]))
        there.wait(minutes=2)
        there.tick()
        there.wait(minutes=30)  # to write something more, with room for the next one
        there.resolve(contact)
    expected = there.state.handling.of((EMAIL, SUPPORT), TEN)
    assert expected.mean == pytest.approx(300, rel=0.03)
    comes(there)
    comes(there)
    assert must(told(there)).mean == pytest.approx(1.5 * 5 * MINUTE, rel=0.1), (
        "half of the one in hand is over, on average"
    )


def test_what_takes_longer_than_half_a_day_is_not_estimated() -> None:
    there = desk(agent("a"))
    for _ in range(80):
        comes(there)
    assert told(there) is None


def test_case_66_ten_thousand_who_wait_for_one_agent_in_the_morning_each_have_their_place() -> None:
    there = desk(agent("a", available=False))
    contacts = [comes(there) for _ in range(10_000)]
    there.wait(hours=8)
    there.available("a")
    while (due := next_due(there.state)) is not None and due <= there.now:
        there.tick()
    assert there.holder(contacts[0]) == "a"
    found = look(there).contacts
    assert [found[contact][0] for contact in contacts[1:]] == list(range(1, 10_000))
    assert must(found[contacts[1]][1]).mean == TEN
    assert found[contacts[-1]][1] is None, "that would take months, and nobody says so"


def test_a_wait_can_be_looked_at_without_touching_the_desk() -> None:
    there = desk(agent("a"))
    comes(there)
    comes(there, FRENCH)
    look(there)
    assert there.agrees_with_its_log()


def test_a_contact_that_was_taken_away_says_nothing_of_how_long_it_takes() -> None:
    handling = Handling()
    handling.taken(ContactId("c"), (EMAIL, SUPPORT), NOON)
    handling.taken_away(ContactId("c"))
    handling.done(ContactId("c"), NOON + MINUTE)
    assert handling.of((EMAIL, SUPPORT), TEN) == Expected(600, 1, 0)


def test_a_contact_of_an_agent_who_is_gone_says_nothing_of_how_long_it_takes() -> None:
    there = desk(agent("a"))
    contact = comes(there)
    there.wait(minutes=40)
    there.must_apply(msgspec.structs.replace(there.state.settings, version=2, agents=(agent("b"),)))
    assert there.holder(contact) == "b"
    assert there.state.handling.of((EMAIL, SUPPORT), TEN).seen == 0
    there.wait(minutes=4)
    there.resolve(contact, "b")
    assert there.state.handling.of((EMAIL, SUPPORT), TEN).seen == 1
