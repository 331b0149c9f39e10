"""An inbox is decided upon by the desk that took it, until it releases it; contacts stay where they are."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest

from frontline.contract.ids import ContactId, InboxId
from router.core.command import ApplySettings, DeskCommand, ReleaseInboxes, TakeInboxes
from router.core.desk_settings import (
    CalendarSettings,
    DeskSettings,
    HoursSettings,
    InboxSettings,
    PolicySettings,
    TargetSettings,
)
from router.core.event import MessageReceived
from router.core.event_inbox import InboxReleased, InboxTaken
from router.core.evolve import evolve
from router.core.holding import InboxKey
from router.core.illegal import IllegalEvent
from router.core.snapshot import restore, save
from tests.unit.router_core.driver import EMAIL, SUPPORT, Desk, settings
from tests.unit.router_core.fingerprint import fingerprint

SALES = InboxId("sales")
OURS: InboxKey = (EMAIL, SUPPORT)
MOVED: InboxKey = (EMAIL, SALES)
ALL_DAY = tuple(HoursSettings(weekday=day) for day in range(7))


def taking(*inboxes: InboxKey) -> TakeInboxes:
    return TakeInboxes(inboxes=inboxes)


def with_sales(version: int = 1) -> DeskSettings:
    """Both inboxes; `sales` has a policy and a calendar that nothing else has."""
    return DeskSettings(
        version=version,
        agents=settings("a").agents,
        inboxes=(
            InboxSettings(channel=EMAIL, id=SUPPORT),
            InboxSettings(channel=EMAIL, id=SALES, policy="fast", cost=30),
        ),
        policies=(
            PolicySettings(id="standard", version=1, calendar="always"),
            PolicySettings(
                id="fast",
                version=1,
                calendar="days",
                targets=(TargetSettings(target="next_response", within=timedelta(minutes=5)),),
            ),
        ),
        calendars=(CalendarSettings(id="days", zone="Europe/Berlin", week=ALL_DAY),),
    )


def gives_sales_away(desk: Desk, version: int = 2, *, to_whom: Sequence[InboxKey] = (MOVED,)) -> None:
    desk.must(ApplySettings(settings=settings("a", version=version), elsewhere=tuple(to_whom)))


def conflict(desk: Desk, command: DeskCommand) -> str:
    step = desk.ask(command)
    assert step.refused is not None
    return step.refused.conflict


def test_what_is_taken_once_is_not_taken_again() -> None:
    desk = Desk(with_sales())
    assert desk.must(taking(OURS, MOVED)) == (
        InboxTaken(at=desk.now, channel=EMAIL, inbox=SUPPORT, version=1),
        InboxTaken(at=desk.now, channel=EMAIL, inbox=SALES, version=1),
    )
    assert desk.must(taking(OURS, MOVED)) == ()
    assert desk.state.holdings.taken == {OURS: 1, MOVED: 1}


def test_only_inboxes_of_the_settings_are_taken() -> None:
    desk = Desk(settings("a"))
    assert conflict(desk, taking(MOVED)) == "unknown_inbox"
    assert desk.must(ReleaseInboxes(inboxes=(MOVED,))) == ()


def test_an_inbox_of_the_settings_may_be_given_up_for_a_while() -> None:
    desk = Desk(settings("a"))
    desk.must(taking(OURS))
    assert desk.must(ReleaseInboxes(inboxes=(OURS,))) == (
        InboxReleased(at=desk.now, channel=EMAIL, inbox=SUPPORT, version=1),
    )
    assert conflict(desk, desk.mail()) == "not_taken"
    desk.must(taking(OURS))
    desk.opens()


def test_a_desk_that_has_taken_some_decides_nothing_of_the_others() -> None:
    desk = Desk(with_sales())
    desk.must(taking(OURS))
    desk.opens()
    assert conflict(desk, desk.mail(inbox=SALES)) == "not_taken"
    desk.must(taking(MOVED))
    desk.opens(inbox=SALES)


def test_a_log_from_before_inboxes_were_taken_has_all_that_its_settings_name() -> None:
    desk = Desk(with_sales())
    desk.opens(inbox=SALES)
    assert not desk.state.holdings.taken
    assert not desk.state.holdings.released


def test_between_the_changed_settings_and_the_release_nothing_new_is_decided_and_a_repeat_is_known() -> None:
    desk = Desk(with_sales())
    desk.must(taking(OURS, MOVED))
    first = desk.mail(inbox=SALES, key="once")
    desk.must(first)
    gives_sales_away(desk)
    assert conflict(desk, desk.mail(inbox=SALES)) == "unknown_inbox"
    assert desk.must(first) == ()
    assert desk.must(ReleaseInboxes(inboxes=(MOVED,))) == (
        InboxReleased(at=desk.now, channel=EMAIL, inbox=SALES, version=2),
    )
    assert desk.must(ReleaseInboxes(inboxes=(MOVED,))) == ()
    assert desk.state.holdings.released == {MOVED: 2}
    assert desk.must(first) == ()


def test_an_inbox_that_comes_back_is_taken_again() -> None:
    desk = Desk(with_sales())
    desk.must(taking(OURS, MOVED))
    gives_sales_away(desk)
    desk.must(ReleaseInboxes(inboxes=(MOVED,)))
    desk.must_apply(with_sales(version=3))
    assert conflict(desk, desk.mail(inbox=SALES)) == "not_taken"
    desk.must(taking(MOVED))
    assert desk.state.holdings.released == {}
    desk.opens(inbox=SALES)
    assert desk.agrees_with_its_log()


def test_settings_that_give_it_back_before_the_release_change_nothing() -> None:
    desk = Desk(with_sales())
    desk.must(taking(OURS, MOVED))
    gives_sales_away(desk)
    desk.must_apply(with_sales(version=3))
    desk.opens(inbox=SALES)
    assert desk.must(taking(MOVED)) == ()


def test_contacts_that_stay_are_answered_by_the_inbox_that_went_and_keep_what_was_promised() -> None:
    desk = Desk(with_sales())
    desk.must(taking(OURS, MOVED))
    contact = desk.opens(inbox=SALES, binds=["thread"])
    gives_sales_away(desk)
    desk.must(ReleaseInboxes(inboxes=(MOVED,)))
    assert [policy.id for policy in desk.state.settings.policies] == ["standard", "fast"]
    assert [calendar.id for calendar in desk.state.settings.calendars] == ["days"]
    desk.reply(contact)
    assert desk.state.term(desk.contact(contact), "next_response") is not None
    assert desk.contact(contact).line.need.cost == 30
    assert desk.agrees_with_its_log()


def test_settings_of_an_inbox_that_went_are_kept_only_for_contacts_that_stayed() -> None:
    desk = Desk(with_sales())
    gives_sales_away(desk)
    assert desk.state.settings.former == ()
    desk = Desk(with_sales())
    contact = desk.opens(inbox=SALES)
    gives_sales_away(desk)
    gives_sales_away(desk, 3)
    assert [inbox.id for inbox in desk.state.settings.former] == [SALES]
    gives_sales_away(desk, 4, to_whom=())
    assert desk.state.settings.former == (), "no desk has it any more"
    assert desk.contact(contact).inbox == SALES


def test_an_event_that_can_not_have_happened_to_an_inbox_changes_nothing() -> None:
    desk = Desk(settings("a"))
    desk.must(taking(OURS))
    before = fingerprint(desk.state)
    for event in (
        InboxTaken(at=desk.now, channel=EMAIL, inbox=SUPPORT, version=1),
        InboxTaken(at=desk.now, channel=EMAIL, inbox=SALES, version=1),
        InboxReleased(at=desk.now, channel=EMAIL, inbox=SALES, version=1),
    ):
        with pytest.raises(IllegalEvent):
            evolve(desk.state, (event,))
    assert fingerprint(desk.state) == before


@pytest.mark.parametrize("seed", range(6))
def test_two_desks_that_pass_an_inbox_to_and_fro_decide_each_message_once(seed: int) -> None:
    """The index is what the shell makes of it: all that a desk decided before it released the inbox."""
    dice = Random(seed)
    desks = [Desk(with_sales()), Desk(settings("b", inboxes=()))]
    desks[0].must(taking(OURS, MOVED))
    holder, version, known = 0, 1, dict[str, ContactId]()
    sent: list[str] = []
    for _ in range(80):
        if dice.random() < 0.15:
            version += 1
            old, new = desks[holder], desks[1 - holder]
            old.must(ApplySettings(settings=settings("a", version=version, inboxes=()), elsewhere=(MOVED,)))
            if dice.random() < 0.5:
                old.another_leads()
            old.must(ReleaseInboxes(inboxes=tuple(old.state.holdings.taken)))
            known |= {event.key: event.contact for event in _received(old)}
            new.must(ApplySettings(settings=with_sales(version)))
            new.must(taking(OURS, MOVED))
            holder = 1 - holder
        if sent and dice.random() < 0.3:
            key = dice.choice(sent)
        else:
            sent.append(key := f"m{len(sent)}")
        desk = desks[holder]
        desk.must(desk.mail(inbox=SALES, key=key, known=known.get(key)))
    decided = [event.key for desk in desks for event in _received(desk)]
    assert sorted(decided) == sorted(sent)
    for desk in desks:
        assert fingerprint(restore(save(desk.state))) == fingerprint(desk.state)
        assert desk.agrees_with_its_log()


def _received(desk: Desk) -> list[MessageReceived]:
    return desk.told(MessageReceived)
