"""Rule 7 of the rule book, check-ins: a rule writes to the customer, once, stopped by any sign of life. When that is;
what is written, and to whom it is not, is tested where it is written.
"""

from datetime import timedelta

import msgspec
import pytest

from frontline.contract.ids import ContactId, CustomerId
from frontline.contract.message import Automation, MessageKind, Presence, ThreadEvidence
from router.core.advance import next_due
from router.core.command import EraseContact, ReceiveMessage
from router.core.decide_check_in import message_of
from router.core.desk_settings import CheckInSettings, DeskSettings
from router.core.event import ContactClosed
from router.core.event_check_in import CheckInArmed, CheckInDue
from router.core.settings import faults
from router.core.snapshot import restore, save
from tests.unit.router_core.driver import EMAIL, SUPPORT
from tests.unit.router_core.fingerprint import fingerprint
from tests.unit.router_core.sla_desk import CUSTOMER, OFFICE, THIRD_PARTY, PromisingDesk, at, promising

DAY = timedelta(days=1)
HERE = ((EMAIL, SUPPORT),)
WELL = CheckInSettings(id="well", when="resolved", after=3 * DAY, inboxes=HERE)
SILENT = CheckInSettings(id="silent", when="waiting_customer", after=7 * DAY, inboxes=HERE)


def settings(*rules: CheckInSettings, version: int = 1, reopen_for: timedelta | None = 14 * DAY) -> DeskSettings:
    plain = promising(calendar=OFFICE, version=version)
    return msgspec.structs.replace(plain, check_ins=rules, reopen_for=reopen_for)


def desk_with(*rules: CheckInSettings, reopen_for: timedelta | None = 14 * DAY) -> PromisingDesk:
    """It is Monday, 8:00 UTC."""
    return PromisingDesk(settings(*rules, reopen_for=reopen_for))


def resolved(desk: PromisingDesk) -> ContactId:
    contact = desk.asks()
    desk.reply(contact)
    assert desk.resolve(contact).refused is None
    return contact


def holds(desk: PromisingDesk) -> bool:
    return desk.agrees_with_its_log() and fingerprint(restore(save(desk.state))) == fingerprint(desk.state)


def test_rule_7_three_days_after_it_was_resolved_the_customer_is_written_to_once() -> None:
    desk = desk_with(WELL)
    contact = resolved(desk)
    (armed,) = desk.told(CheckInArmed)
    assert (armed.contact, armed.rule, armed.due_at) == (contact, "well", at("2026-03-05 08:00"))
    assert holds(desk)
    desk.now = at("2026-03-05 07:59")
    assert desk.tick() == ()
    desk.lives_on("2026-03-30 08:00")
    (due,) = desk.told(CheckInDue)
    assert due == CheckInDue(
        at=at("2026-03-05 08:00"), contact=contact, rule="well", customer=CustomerId("ann"),
        channel=EMAIL, inbox=SUPPORT, message=message_of(contact, "well"),
    )  # fmt: skip
    assert holds(desk)


def test_rule_7_a_week_of_silence_while_we_wait_for_the_customer() -> None:
    desk = desk_with(SILENT)
    contact = desk.asks()
    desk.waits(contact)
    desk.lives_on("2026-03-09 08:00")
    assert [(due.contact, due.rule, due.at) for due in desk.told(CheckInDue)] == [
        (contact, "silent", at("2026-03-09 08:00"))
    ]
    assert desk.contact(contact).phase == CUSTOMER, "it waits as before"
    assert holds(desk)


def test_rule_7_silence_counts_from_our_latest_words() -> None:
    desk = desk_with(SILENT)
    contact = desk.asks()
    desk.waits(contact)
    desk.now = at("2026-03-06 08:00")
    desk.reply(contact)
    desk.lives_on("2026-03-12 08:00")
    assert desk.told(CheckInDue) == []
    desk.lives_on("2026-03-13 08:00")
    assert [due.at for due in desk.told(CheckInDue)] == [at("2026-03-13 08:00")]


def test_rule_7_a_customer_to_whom_we_wrote_first_may_be_silent_too() -> None:
    desk = desk_with(SILENT)
    contact = desk.write_first()
    desk.lives_on("2026-03-09 08:00")
    assert [due.contact for due in desk.told(CheckInDue)] == [contact]


def test_rule_7_the_time_may_be_business_time() -> None:
    desk = desk_with(msgspec.structs.replace(WELL, after=timedelta(hours=20), calendar="office"))
    resolved(desk)
    (armed,) = desk.told(CheckInArmed)
    assert armed.due_at == at("2026-03-04 12:00"), "two days of eight hours and a half one, from 9:00 in Berlin"


@pytest.mark.parametrize("again", ["the same contact", "another contact", "a survey"])
def test_rule_7_any_sign_of_life_stops_it(again: str) -> None:
    desk = desk_with(WELL)
    contact = resolved(desk)
    desk.now = at("2026-03-05 07:59")
    match again:
        case "the same contact":
            desk.asks_again()
        case "another contact":
            desk.opens("ann")
        case _:
            desk.must(desk.mail("ann", kind=MessageKind.SURVEY, finds=[("thread", ThreadEvidence.REFERENCE)]))
    assert contact not in desk.state.check_ins.armed
    desk.lives_on("2026-04-01 08:00")
    assert desk.told(CheckInDue) == []
    assert holds(desk)


def test_rule_7_somebody_else_who_takes_part_is_a_sign_of_life_in_this_contact() -> None:
    desk = desk_with(WELL)
    resolved(desk)
    desk.must(desk.mail("bob", finds=[("thread", ThreadEvidence.TOKEN)]))
    desk.lives_on("2026-04-01 08:00")
    assert desk.told(CheckInDue) == []


def test_rule_7_what_a_machine_answers_or_a_hang_up_is_no_sign_of_life_nor_is_somebody_else() -> None:
    desk = desk_with(WELL)
    resolved(desk)
    thread = [("thread", ThreadEvidence.REFERENCE)]
    desk.must(desk.mail("ann", automation=Automation.AUTO_REPLIED, finds=thread))
    desk.must(desk.mail("ann", presence=Presence.LEFT, finds=thread))
    desk.opens("bob")
    desk.lives_on("2026-03-05 08:00")
    assert len(desk.told(CheckInDue)) == 1


def test_rule_7_a_message_that_reached_us_before_it_was_due_stops_it_although_it_is_decided_after() -> None:
    desk = desk_with(WELL)
    resolved(desk)
    desk.now = at("2026-03-07 08:00")
    desk.asks_again(since=at("2026-03-05 07:59"))
    assert desk.told(CheckInDue) == []


def test_rule_7_a_desk_that_was_away_writes_once_it_is_back_and_once() -> None:
    desk = desk_with(WELL)
    resolved(desk)
    desk.now = at("2026-03-20 08:00")
    desk.another_leads()
    desk.tick()
    desk.another_leads()
    assert [due.at for due in desk.told(CheckInDue)] == [at("2026-03-05 08:00")]
    assert holds(desk)


@pytest.mark.parametrize("what", ["reopened", "merged", "erased", "a third party"])
def test_rule_7_it_is_stopped_when_the_contact_goes_on_otherwise(what: str) -> None:
    rules = (WELL, SILENT)
    desk = desk_with(*rules)
    if what == "a third party":
        contact = desk.asks()
        desk.waits(contact)
        desk.waits(contact, THIRD_PARTY)
    else:
        contact = resolved(desk)
        match what:
            case "reopened":
                desk.reopen(contact)
            case "merged":
                desk.merge(contact, desk.opens("bob"))
            case _:
                desk.must(EraseContact(contact=contact))
    assert contact not in desk.state.check_ins.armed
    desk.lives_on("2026-04-01 08:00")
    assert desk.told(CheckInDue) == []
    assert holds(desk)


def test_rule_7_resolved_again_after_its_check_in_it_is_not_written_to_again() -> None:
    desk = desk_with(WELL)
    contact = resolved(desk)
    desk.lives_on("2026-03-05 08:00")
    desk.asks_again()
    desk.reply(contact)
    desk.resolve(contact)
    desk.lives_on("2026-04-01 08:00")
    assert len(desk.told(CheckInDue)) == 1


def test_rule_7_reopened_and_resolved_before_it_was_due_it_counts_anew() -> None:
    desk = desk_with(WELL)
    contact = resolved(desk)
    desk.now = at("2026-03-04 08:00")
    desk.asks_again()
    desk.reply(contact)
    desk.resolve(contact)
    desk.lives_on("2026-04-01 08:00")
    assert [due.at for due in desk.told(CheckInDue)] == [at("2026-03-07 08:00")]


def test_rule_7_a_check_in_comes_after_its_contact_was_closed_and_is_still_stopped_by_a_sign_of_life() -> None:
    desk = desk_with(WELL, reopen_for=DAY)
    contact = resolved(desk)
    desk.lives_on("2026-03-04 08:00")
    assert [closed.contact for closed in desk.told(ContactClosed)] == [contact]
    assert contact not in desk.state.contacts
    assert holds(desk)
    desk.lives_on("2026-03-05 08:00")
    assert [due.contact for due in desk.told(CheckInDue)] == [contact]
    other = resolved(desk.since("2026-03-09 08:00"))
    desk.lives_on("2026-03-11 08:00")
    assert other not in desk.state.contacts
    desk.opens("ann")
    desk.lives_on("2026-04-01 08:00")
    assert len(desk.told(CheckInDue)) == 1
    assert holds(desk)


def test_rule_7_several_rules_speak_each_in_its_time_and_only_for_their_inboxes() -> None:
    month = msgspec.structs.replace(WELL, id="month", after=30 * DAY)
    elsewhere = msgspec.structs.replace(WELL, id="elsewhere", inboxes=())
    desk = desk_with(month, WELL, elsewhere)
    resolved(desk)
    desk.lives_on("2026-05-01 08:00")
    assert [due.rule for due in desk.told(CheckInDue)] == ["well", "month"]


def test_rule_7_a_rule_that_is_taken_away_says_nothing_more_and_a_new_one_begins_with_the_next() -> None:
    desk = desk_with(WELL)
    first = resolved(desk)
    new = msgspec.structs.replace(WELL, id="new")
    desk.must_apply(settings(new, version=2))
    assert first not in desk.state.check_ins.armed
    second = desk.opens("bob")
    desk.resolve(second)
    desk.lives_on("2026-04-01 08:00")
    assert [(due.contact, due.rule) for due in desk.told(CheckInDue)] == [(second, "new")]
    assert holds(desk)


def test_rule_7_many_that_are_due_at_once_come_in_commits_that_fit() -> None:
    desk = desk_with(WELL)
    desk.limit = 5
    for n in range(12):
        contact = desk.opens(f"customer-{n}")
        desk.resolve(contact)
        while (due := next_due(desk.state)) is not None and due <= desk.now:
            desk.tick()
    desk.now = at("2026-03-06 08:00")
    commits = 0
    while (due := next_due(desk.state)) is not None and due <= desk.now:
        assert len(desk.tick()) <= 6
        commits += 1
    assert commits > 2
    assert len({each.message for each in desk.told(CheckInDue)}) == 12
    assert holds(desk)


def silent_in_a_full_commit(desk: PromisingDesk) -> ContactId:
    desk.limit, limit = 1, desk.limit
    contact = desk.write_first(keys=["thread"])
    desk.limit = limit
    assert contact in desk.state.check_ins.wanted, "it was not full"
    return contact


def test_rule_7_a_check_in_that_a_full_commit_left_and_that_came_due_without_a_desk_is_written_as_the_next_leads() -> (
    None
):
    desk = desk_with(SILENT)
    contact = silent_in_a_full_commit(desk)
    desk.now = at("2026-03-12 08:00")
    desk.another_leads()
    assert [(due.contact, due.at) for due in desk.told(CheckInDue)] == [(contact, at("2026-03-09 08:00"))]
    due = next_due(desk.state)
    assert due is None or due > desk.now, "the commit had room, and left what was due"
    assert holds(desk)


@pytest.mark.parametrize("who", ["we", "the customer"])
def test_rule_7_what_is_written_after_it_was_due_does_not_stop_a_check_in_that_a_full_commit_left(who: str) -> None:
    desk = desk_with(SILENT)
    contact = silent_in_a_full_commit(desk)
    desk.now = at("2026-03-09 08:01")
    if who == "we":
        desk.reply(contact)
    else:
        desk.asks_again()
    assert [(due.contact, due.at) for due in desk.told(CheckInDue)] == [(contact, at("2026-03-09 08:00"))]
    assert holds(desk)


def test_rule_7_a_message_from_before_it_was_due_stops_a_check_in_that_a_full_commit_left_too() -> None:
    desk = desk_with(SILENT)
    silent_in_a_full_commit(desk)
    desk.now = at("2026-03-12 08:00")
    desk.asks_again(since=at("2026-03-09 07:59"))
    desk.lives_on("2026-04-01 08:00")
    assert desk.told(CheckInDue) == []


def test_rule_7_a_check_in_meets_no_clock() -> None:
    desk = desk_with(SILENT)
    contact = desk.asks()
    desk.waits(contact)
    desk.lives_on("2026-03-09 08:00")
    clock = desk.running(contact, "first_response")
    assert not clock.end
    assert desk.contact(contact).replies == ()


@pytest.mark.parametrize(
    "rule",
    [
        CheckInSettings(id="x", when="waiting", after=DAY),
        CheckInSettings(id="x", when="resolved", after=timedelta(0)),
        CheckInSettings(id="x", when="resolved", after=DAY, calendar="moon"),
        CheckInSettings(id="x", when="resolved", after=timedelta(days=40_000)),
    ],
)
def test_rule_7_a_rule_that_makes_no_sense_is_no_setting(rule: CheckInSettings) -> None:
    assert faults(settings(rule))
    assert faults(settings(WELL, WELL))
    assert faults(settings(WELL, SILENT)) == ()


def test_rule_7_who_only_says_that_they_want_none_needs_no_answer_and_is_heard_of() -> None:
    def stop(customer: str, *, named: bool) -> ReceiveMessage:
        finds = [("thread", ThreadEvidence.REFERENCE)] if named else []
        return msgspec.structs.replace(desk.mail(customer, finds=finds), opts_out=True)

    desk = desk_with(WELL, SILENT)
    contact = resolved(desk)
    desk.must(stop("ann", named=True))
    assert desk.contact(contact).phase == "resolved"
    assert contact not in desk.state.check_ins.armed
    unknown = stop("bob", named=False)
    desk.must(unknown)
    assert desk.contact(unknown.new_contact).clocks == (), "somebody may look at it, and nobody has to"
    desk.asks_again()
    desk.waits(contact)
    desk.must(stop("ann", named=True))
    assert desk.contact(contact).phase == CUSTOMER
    assert holds(desk)


def test_rule_7_who_says_stop_while_somebody_works_on_their_contact_is_answered() -> None:
    desk = desk_with(WELL)
    contact = desk.asks()
    desk.reply(contact)
    desk.must(msgspec.structs.replace(desk.mail("ann", finds=[("thread", ThreadEvidence.REFERENCE)]), opts_out=True))
    assert not desk.running(contact, "next_response").end
