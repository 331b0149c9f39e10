"""The end of a shift: what is written goes to others, and nobody who talks is cut off before the grace is over."""

from datetime import datetime, timedelta

import msgspec

from frontline.contract.ids import ContactId, InboxId
from frontline.contract.message import MessageKind, Presence, ThreadEvidence
from router.core.contact import ASSIGNED, WAITING
from router.core.desk_settings import AgentSettings, DeskSettings, InboxSettings
from router.core.event import ContactUnassigned
from tests.unit.router_core.driver import EMAIL, SUPPORT, Desk, settings
from tests.unit.router_core.test_duty import A, at, shift

MAIL = InboxId("mail")
MINUTE = timedelta(minutes=1)


def desk(*, calls_in: bool = True, wrap_up: timedelta | None = None, limit: int = 500) -> Desk:
    chat = InboxSettings(channel=EMAIL, id=SUPPORT, cost=30, live=True, wrap_up=wrap_up)
    plain: DeskSettings = settings(AgentSettings(id=A), inboxes=[chat, InboxSettings(channel=EMAIL, id=MAIL)])
    there = Desk(
        msgspec.structs.replace(plain, shifts=(shift((A,), available=calls_in),), offline_grace=MINUTE), limit=limit
    )
    if not calls_in:
        there.available("a")
    return there


def chats(there: Desk, name: str = "t") -> ContactId:
    return there.opens(name, presence=Presence.LIVE, binds=[name])


def tells(there: Desk, presence: Presence, name: str = "t") -> None:
    found = [(name, ThreadEvidence.TOKEN)]
    there.must(there.mail(name, kind=MessageKind.SYSTEM, presence=presence, finds=found))


def gone(there: Desk) -> list[tuple[datetime, ContactId, str]]:
    assert there.agrees_with_its_log()
    return [(event.at, event.contact, event.rule) for event in there.told(ContactUnassigned)]


def lives_to(there: Desk, instant: datetime) -> None:
    there.now = instant
    while there.tick():
        pass


def test_rule_2_8_a_shift_that_ends_sends_mail_on_and_cuts_nobody_off_before_the_grace_is_over() -> None:
    there = desk()
    chat, mail = chats(there), there.opens("bob", inbox=MAIL)
    lives_to(there, at(2, 17))
    assert gone(there) == [(at(2, 17), mail, "shift_ended")]
    assert there.contact(chat).phase == ASSIGNED
    lives_to(there, at(2, 17) + MINUTE)
    assert gone(there)[1:] == [(at(2, 17) + MINUTE, chat, "agent_offline")]
    assert (there.contact(chat).phase, there.contact(chat).front > 0) == (WAITING, True)


def test_rule_2_8_who_stays_on_within_the_grace_keeps_their_conversation() -> None:
    there = desk()
    chat = chats(there)
    lives_to(there, at(2, 17) + MINUTE / 2)
    there.available("a")
    lives_to(there, at(2, 18))
    assert there.holder(chat) == "a"
    assert gone(there) == []


def test_rule_2_8_who_goes_offline_after_their_shift_has_the_grace_too() -> None:
    there = desk(calls_in=False)
    chat, mail = chats(there), there.opens("bob", inbox=MAIL)
    lives_to(there, at(2, 18))
    assert gone(there) == []
    there.available("a", "offline")
    assert gone(there) == [(at(2, 18), mail, "shift_ended")]
    lives_to(there, at(2, 18) + MINUTE)
    assert gone(there)[1:] == [(at(2, 18) + MINUTE, chat, "agent_offline")]


def test_rule_2_8_who_is_away_at_the_end_of_their_shift_keeps_who_is_on_the_line_until_they_leave() -> None:
    there = desk(calls_in=False)
    chat, mail = chats(there), there.opens("bob", inbox=MAIL)
    there.available("a", "away")
    lives_to(there, at(2, 17))
    assert gone(there) == [(at(2, 17), mail, "shift_ended")]
    lives_to(there, at(2, 18))
    tells(there, Presence.LEFT)
    assert gone(there)[1:] == [(at(2, 18), chat, "shift_ended")]


def test_rule_2_8_a_conversation_that_ends_within_the_grace_goes_as_what_is_written_does() -> None:
    there = desk(wrap_up=10 * MINUTE)
    chat = chats(there)
    lives_to(there, at(2, 17) + MINUTE / 2)
    assert gone(there) == []
    tells(there, Presence.LEFT)
    assert gone(there) == [(at(2, 17) + MINUTE / 2, chat, "shift_ended")]


def test_rule_2_8_who_is_away_after_all_while_work_is_given_up_keeps_who_is_still_on_the_line() -> None:
    """Commits are full, so it goes one by one, and the rest is looked at as things are then."""
    there = desk(limit=1)
    mails = [there.opens(f"m{number}", inbox=MAIL) for number in range(3)]
    talks = [chats(there, name) for name in ("t", "u")]
    lives_to(there, at(2, 16))
    lives_to(there, at(2, 17))
    assert [contact for _, contact, _ in gone(there)] == mails
    there.now = at(2, 17) + MINUTE
    there.tick()
    there.tick()
    assert [contact for _, contact, _ in gone(there)] == [*mails, talks[0]]
    there.available("a", "away")
    lives_to(there, at(2, 18))
    assert there.holder(talks[1]) == "a"
    assert len(gone(there)) == 4
