"""A contact that is about two things: what becomes of messages, keys, people and clocks when it is split."""

from datetime import timedelta

from frontline.contract.ids import KeyHash, MessageId
from frontline.contract.message import DeliveryState, Presence, ThreadEvidence
from router.core.command import RecordDelivery
from router.core.contact import ASSIGNED, MERGED, WAITING_CUSTOMER
from router.core.event import ContactOpened
from router.core.event_clock import ClockBreached, ClockMet, ClockRebased, ClockStarted, ClockWithdrawn
from router.core.event_move import MessagesMoved, MessagesTaken
from router.core.snapshot import restore, save
from tests.unit.router_core.driver import Desk, settings
from tests.unit.router_core.fingerprint import fingerprint
from tests.unit.router_core.live import ALL, CHAT
from tests.unit.router_core.parting import Index, split
from tests.unit.router_core.sla_desk import FIRST, HOUR, NEXT, PromisingDesk, at, promising, target

RESOLUTION = target("resolution", 16 * HOUR)


def asked(desk: Desk, customer: str = "ann", key: str = "thread", *, binds: str = "") -> MessageId:
    """A message in the contact that `key` names; it binds a key of its own."""
    command = desk.mail(customer, finds=[(key, ThreadEvidence.TOKEN)], binds=[binds] if binds else [])
    desk.must(command)
    return command.message


def test_what_is_split_off_is_a_contact_of_its_own_that_is_linked_and_goes_first_to_who_split_it() -> None:
    desk = Desk(settings("b", "a"))
    old = desk.opens("ann", binds=["thread"])
    other = asked(desk)
    new = split(desk, old, other)
    opened = desk.told(ContactOpened)[-1]
    assert (opened.contact, opened.linked_to, opened.split_by) == (new, old, "a")
    assert (desk.contact(new).phase, desk.holder(new)) == (ASSIGNED, "a")
    assert Index(desk).where[other] == new
    assert (desk.told(MessagesMoved)[0].to, desk.told(MessagesTaken)[0].origin) == (new, old)
    assert desk.agrees_with_its_log()
    assert fingerprint(restore(save(desk.state))) == fingerprint(desk.state)


def test_answers_to_what_moved_come_to_the_new_contact_and_answers_to_what_stayed_to_the_old() -> None:
    desk = Desk(settings("a"))
    old = desk.opens("ann", binds=["thread", "first"])
    other = asked(desk, binds="second")
    reply = desk.reply(old, keys=["reply"])
    new = split(desk, old, other)
    for key, contact in (("first", old), ("thread", old), ("second", new), ("reply", new)):
        later = desk.mail("ann", finds=[(key, ThreadEvidence.TOKEN)])
        desk.must(later)
        assert desk.state.contact_of(later.key) == contact
    assert [sent for sent, _ in desk.contact(new).replies] == [reply]
    assert desk.contact(old).replies == ()


def test_a_key_that_was_bound_on_both_sides_goes_with_the_younger() -> None:
    desk = Desk(settings("a"))
    old = desk.opens("ann", binds=["visitor"])
    other = asked(desk, key="visitor", binds="visitor")
    new = split(desk, old, other)
    later = desk.mail("ann", finds=[("visitor", ThreadEvidence.TOKEN)])
    desk.must(later)
    assert desk.state.contact_of(later.key) == new


def test_the_same_mail_again_is_known_in_the_new_contact() -> None:
    desk = Desk(settings("a"))
    old = desk.opens("ann", binds=["thread"])
    again = desk.mail("ann", key="twice", finds=[("thread", ThreadEvidence.TOKEN)])
    desk.must(again)
    new = split(desk, old, again.message)
    assert desk.state.contact_of(again.key) == new
    assert desk.must(again) == ()


def test_the_contact_is_of_who_wrote_what_moved_and_the_others_take_part() -> None:
    desk = Desk(settings("a"))
    old = desk.opens("ann", binds=["thread"])
    other = asked(desk, "bob")
    asked(desk, "cem")
    new = split(desk, old, other)
    assert (desk.contact(new).customer, desk.contact(new).others) == ("bob", ("cem",))
    assert desk.contact(old).customer == "ann"


def test_both_have_a_clock_from_when_their_own_first_open_question_was_asked() -> None:
    desk = PromisingDesk(promising(FIRST, NEXT, RESOLUTION))
    old = desk.asks()
    desk.now += HOUR
    other = asked(desk)
    desk.now += HOUR
    new = split(desk, old, other)
    assert desk.running(old, "first_response").started_at == at("2026-03-02 08:00")
    assert desk.running(new, "first_response").started_at == at("2026-03-02 09:00")
    assert desk.due(new, "first_response") == at("2026-03-02 13:00")
    assert desk.running(new, "resolution").started_at == at("2026-03-02 09:00")


def test_an_answer_that_stays_and_a_question_that_goes_end_and_begin_a_clock() -> None:
    desk = PromisingDesk(promising(FIRST, NEXT, RESOLUTION))
    old = desk.asks()
    desk.now += HOUR
    desk.reply(old)
    desk.now += HOUR
    other = asked(desk)
    desk.now += HOUR
    new = split(desk, old, other)
    (gone,) = desk.told(ClockWithdrawn)
    assert (gone.contact, gone.target, gone.reason, gone.late) == (old, "next_response", "moved", False)
    assert desk.running(new, "first_response").started_at == at("2026-03-02 10:00")
    assert desk.contact(new).clock("next_response") is None


def test_a_reply_that_goes_with_its_question_counts_there_and_what_follows_is_the_next_response() -> None:
    desk = PromisingDesk(promising(FIRST, NEXT, RESOLUTION))
    old = desk.asks()
    desk.now += HOUR
    other = asked(desk)
    desk.now += HOUR
    desk.reply(old)
    desk.now += HOUR
    asked(desk)
    new = split(desk, old, other)
    assert desk.running(new, "next_response").started_at == at("2026-03-02 11:00")
    assert desk.contact(new).clock("first_response") is None
    again = desk.told(ClockStarted)[-1]
    assert (again.contact, again.target, again.at, again.resumes) == (
        old,
        "first_response",
        at("2026-03-02 08:00"),
        "moved",
    )
    assert desk.due(old, "first_response") == at("2026-03-02 12:00")
    assert [gone.target for gone in desk.told(ClockWithdrawn)] == ["next_response"]
    assert desk.agrees_with_its_log()


def test_a_deadline_that_passed_before_the_split_is_breached_at_its_own_time_in_the_new_contact() -> None:
    desk = PromisingDesk(promising(target("first_response", HOUR), NEXT))
    old = desk.asks()
    desk.now += timedelta(minutes=1)
    desk.reply(old)
    other = asked(desk)
    desk.now += timedelta(minutes=90)
    new = split(desk, old, other)
    (breach,) = desk.told(ClockBreached)
    assert (breach.contact, breach.target, breach.at) == (new, "first_response", at("2026-03-02 09:01"))
    desk.reply(new)
    assert desk.told(ClockMet)[-1].late


def test_a_breach_on_record_stays_in_the_old_contact_and_its_next_question_has_a_clock_again() -> None:
    desk = PromisingDesk(promising(FIRST, target("next_response", HOUR)))
    old = desk.asks()
    desk.reply(old)
    desk.now += timedelta(minutes=1)
    other = asked(desk)
    desk.now += 2 * HOUR
    desk.tick()
    split(desk, old, other)
    assert [(breach.contact, breach.target) for breach in desk.told(ClockBreached)] == [(old, "next_response")]
    (gone,) = desk.told(ClockWithdrawn)
    assert (gone.target, gone.late) == ("next_response", True)
    asked(desk)
    assert desk.running(old, "next_response").started_at == desk.now


def test_replies_that_went_bounce_where_they_are_now() -> None:
    desk = PromisingDesk(promising(FIRST, NEXT))
    old = desk.asks()
    desk.now += HOUR
    other = asked(desk)
    reply = desk.reply(old, keys=["reply"])
    split_off = split(desk, old, other)
    desk.now += HOUR
    failed = RecordDelivery(
        receipt=MessageId("m-d"),
        key=KeyHash("kd"),
        reply=reply,
        contact=old,
        finds=KeyHash("reply"),
        state=DeliveryState.FAILED,
        at=desk.now,
    )
    desk.must(failed)
    assert desk.contact(split_off).replies == ()


def test_a_split_is_undone_by_a_merge() -> None:
    desk = Desk(settings("a"))
    old = desk.opens("ann", binds=["thread"])
    new = split(desk, old, asked(desk, binds="second"))
    assert desk.merge(new, old).refused is None
    later = desk.mail("ann", finds=[("second", ThreadEvidence.TOKEN)])
    desk.must(later)
    assert (desk.contact(new).phase, desk.state.contact_of(later.key)) == (MERGED, old)


def test_nothing_is_split_off_on_the_strength_of_an_index_that_is_behind() -> None:
    desk = Desk(settings("a"))
    old = desk.opens("ann", binds=["thread"])
    other = asked(desk)
    for happens in (
        lambda: asked(desk),
        lambda: desk.reply(old),
        lambda: split(desk, old, other),
    ):
        command = Index(desk).split(old, other, "c-late")
        happens()
        refused = desk.ask(command).refused
        assert refused is not None
        assert refused.conflict == "moved_on"


def test_an_index_that_stands_before_the_floor_is_behind() -> None:
    desk = Desk(settings("a"))
    old = desk.opens("ann", binds=["thread"])
    other = asked(desk)
    command = Index(desk).split(old, other, "c-late")
    asked(desk)
    desk.raise_floor()
    refused = desk.ask(command).refused
    assert refused is not None
    assert refused.conflict == "moved_on"


def test_what_happens_elsewhere_holds_up_no_split() -> None:
    desk = Desk(settings("a"))
    old = desk.opens("ann", binds=["thread"])
    other = asked(desk)
    command = Index(desk).split(old, other, "c-new")
    desk.opens("bob")
    assert desk.ask(command).refused is None


def test_a_chat_is_not_split_while_its_visitor_is_there() -> None:
    desk = Desk(settings("a", inboxes=ALL))
    old = desk.opens("ann", inbox=CHAT, presence=Presence.LIVE, binds=["thread"])
    other = asked(desk)
    refused = desk.ask(Index(desk).split(old, other, "c-new")).refused
    assert refused is not None
    assert refused.conflict == "live_channel"


def test_a_merged_contact_is_not_split() -> None:
    desk = Desk(settings("a"))
    old, into = desk.opens("ann", binds=["thread"]), desk.opens("bob")
    other = asked(desk)
    command = Index(desk).split(old, other, "c-new")
    desk.merge(old, into)
    refused = desk.ask(command).refused
    assert refused is not None
    assert refused.conflict == "merged"


def test_a_clock_that_stands_still_stands_still_after_the_split() -> None:
    pausing = target("resolution", 16 * HOUR, pause_in=("waiting_customer",))
    desk = PromisingDesk(promising(FIRST, NEXT, pausing))
    old = desk.asks()
    desk.reply(old)
    desk.now += HOUR
    other = asked(desk)
    desk.waits(old)
    desk.now += HOUR
    split(desk, old, other)
    assert desk.contact(old).phase == WAITING_CUSTOMER
    assert desk.running(old, "resolution").paused
    assert desk.told(ClockRebased) == []
    assert desk.agrees_with_its_log()


def test_a_question_split_off_with_replies_that_stood_before_it_waits_for_its_first_response() -> None:
    desk = PromisingDesk(promising(FIRST, NEXT))
    old = desk.asks()
    desk.wait(minutes=10)
    first = desk.reply(old)
    desk.wait(minutes=10)
    desk.reply(old)
    asked(desk)  # in the very millisecond of the second reply
    new = split(desk, old, first)
    assert [(clock.target, clock.started_at) for clock in desk.contact(new).clocks] == [("first_response", desk.now)]
    assert desk.agrees_with_its_log()
