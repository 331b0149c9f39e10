"""A message that belongs to another contact: where it counts from then on, and where not any more."""

from datetime import timedelta

from frontline.contract.ids import ContactId, MessageId
from frontline.contract.message import ThreadEvidence
from router.core.contact import ASSIGNED, RESOLVED, WAITING_CUSTOMER
from router.core.event import ContactReopened, WaitEnded
from router.core.event_clock import ClockBreached, ClockMet, ClockRebased, ClockStarted, ClockWithdrawn
from router.core.event_move import MessagesTaken
from tests.unit.router_core.driver import Desk
from tests.unit.router_core.parting import Index, move
from tests.unit.router_core.sla_desk import CUSTOMER, FIRST, HOUR, NEXT, PromisingDesk, at, promising, target

MINUTE = timedelta(minutes=1)


def begun(*targets: object) -> tuple[PromisingDesk, ContactId, ContactId]:
    """Ann's contact and Bob's, both open since eight."""
    desk = PromisingDesk(promising(*targets))  # type: ignore[arg-type]
    return desk, desk.opens("ann", binds=["ann"]), desk.opens("bob", binds=["bob"])


def says(desk: Desk, customer: str, key: str, *, binds: str = "") -> MessageId:
    command = desk.mail(customer, finds=[(key, ThreadEvidence.TOKEN)], binds=[binds] if binds else [])
    desk.must(command)
    return command.message


def moved(desk: Desk, contact: ContactId, message: MessageId, to: ContactId) -> None:
    assert move(desk, contact, message, to).refused is None


def test_a_moved_message_takes_its_keys_and_its_author_along() -> None:
    desk, ann, bob = begun(FIRST)
    message = says(desk, "ann", "ann", binds="second")
    moved(desk, ann, message, bob)
    assert Index(desk).where[message] == bob
    assert desk.contact(bob).has(desk.contact(ann).customer)
    for key, contact in (("second", bob), ("ann", ann)):
        later = desk.mail("ann", finds=[(key, ThreadEvidence.REFERENCE)])
        desk.must(later)
        assert desk.state.contact_of(later.key) == contact
    assert desk.agrees_with_its_log()


def test_only_the_customer_of_the_contact_may_see_what_was_moved_into_it() -> None:
    desk, ann, bob = begun(FIRST)
    other = desk.opens("bob", binds=["bob2"])
    moved(desk, ann, says(desk, "ann", "ann"), bob)
    moved(desk, other, says(desk, "bob", "bob2"), bob)
    assert [event.public for event in desk.told(MessagesTaken)] == [False, True]


def test_the_first_question_that_goes_leaves_the_clock_to_the_next() -> None:
    desk, ann, bob = begun(FIRST, NEXT)
    desk.now += HOUR
    says(desk, "ann", "ann")
    first = Index(desk).of(ann)[0].id
    desk.now += MINUTE
    moved(desk, ann, first, bob)
    (anew,) = desk.told(ClockRebased)
    assert (anew.contact, anew.started_at, anew.due_at) == (ann, at("2026-03-02 09:00"), at("2026-03-02 13:00"))
    assert desk.running(ann, "first_response").started_at == at("2026-03-02 09:00")
    assert desk.due(bob, "first_response") == at("2026-03-02 12:00")
    assert desk.agrees_with_its_log()


def test_an_older_question_that_comes_is_what_the_clock_runs_from() -> None:
    desk = PromisingDesk(promising(FIRST, NEXT))
    ann = desk.opens("ann", binds=["ann"])
    older = says(desk, "ann", "ann")
    desk.now += HOUR
    bob = desk.opens("bob")
    desk.now += HOUR
    moved(desk, ann, older, bob)
    assert desk.running(bob, "first_response").started_at == at("2026-03-02 08:00")
    assert desk.due(bob, "first_response") == at("2026-03-02 12:00")


def test_an_older_question_whose_time_is_over_is_breached_at_its_own_deadline() -> None:
    desk = PromisingDesk(promising(target("first_response", HOUR), NEXT))
    ann = desk.opens("ann", binds=["ann"])
    older = says(desk, "ann", "ann")
    desk.reply(ann)
    desk.now += 90 * MINUTE
    bob = desk.opens("bob")
    moved(desk, ann, older, bob)
    assert [(breach.contact, breach.at) for breach in desk.told(ClockBreached)] == [(bob, at("2026-03-02 09:00"))]
    assert desk.agrees_with_its_log()


def test_a_question_that_comes_to_an_answered_contact_is_its_next_one() -> None:
    desk, ann, bob = begun(FIRST, NEXT)
    desk.reply(bob)
    desk.now += HOUR
    message = says(desk, "ann", "ann")
    moved(desk, ann, message, bob)
    assert desk.running(bob, "next_response").started_at == at("2026-03-02 09:00")
    assert desk.running(ann, "first_response").started_at == at("2026-03-02 08:00")


def test_a_question_that_was_answered_there_since_starts_nothing() -> None:
    desk, ann, bob = begun(FIRST, NEXT)
    message = says(desk, "ann", "ann")
    desk.now += HOUR
    desk.reply(bob)
    started = len(desk.told(ClockStarted))
    moved(desk, ann, message, bob)
    assert len(desk.told(ClockStarted)) == started


def test_a_reply_that_was_written_into_the_wrong_contact_counts_in_the_right_one_at_its_own_time() -> None:
    desk, ann, bob = begun(FIRST, NEXT)
    desk.now += HOUR
    reply = desk.reply(ann)
    desk.now += HOUR
    moved(desk, ann, reply, bob)
    met = desk.told(ClockMet)[-1]
    assert (met.contact, met.at, met.late, met.by) == (bob, at("2026-03-02 09:00"), False, reply)
    again = desk.running(ann, "first_response")
    assert (again.end, again.due_at) == ("", at("2026-03-02 12:00"))
    assert desk.agrees_with_its_log()


def test_a_breach_that_was_recorded_before_the_reply_came_stays() -> None:
    desk, ann, bob = begun(target("first_response", HOUR))
    reply = desk.reply(ann)
    desk.now += 2 * HOUR
    desk.tick()
    moved(desk, ann, reply, bob)
    assert {(breach.contact, breach.at) for breach in desk.told(ClockBreached)} == {
        (ann, at("2026-03-02 09:00")),
        (bob, at("2026-03-02 09:00")),
    }
    assert desk.told(ClockMet)[-1].late


def test_the_last_question_that_goes_ends_the_clock() -> None:
    desk, ann, bob = begun(FIRST, NEXT)
    desk.reply(ann)
    desk.now += HOUR
    message = says(desk, "ann", "ann")
    moved(desk, ann, message, bob)
    assert [(gone.contact, gone.target, gone.reason) for gone in desk.told(ClockWithdrawn)] == [
        (ann, "next_response", "moved")
    ]


def test_a_question_opens_a_resolved_contact_again_and_ends_a_wait() -> None:
    desk, ann, bob = begun(FIRST, NEXT)
    first, second = says(desk, "ann", "ann"), says(desk, "ann", "ann")
    desk.resolve(bob)
    moved(desk, ann, first, bob)
    assert [(event.contact, event.rule) for event in desk.told(ContactReopened)] == [(bob, "moved")]
    assert desk.contact(bob).phase == ASSIGNED
    desk.waits(bob, CUSTOMER)
    assert desk.contact(bob).phase == WAITING_CUSTOMER
    moved(desk, ann, second, bob)
    assert [(event.contact, event.rule) for event in desk.told(WaitEnded)] == [(bob, "moved")]
    assert desk.agrees_with_its_log()


def test_a_reply_opens_nothing() -> None:
    desk, ann, bob = begun(FIRST, NEXT)
    reply = desk.reply(ann)
    desk.resolve(bob)
    moved(desk, ann, reply, bob)
    assert desk.contact(bob).phase == RESOLVED


def test_to_and_fro_leaves_it_where_it_was_with_the_same_clock() -> None:
    desk, ann, bob = begun(FIRST, NEXT)
    desk.now += HOUR
    says(desk, "ann", "ann")
    first = Index(desk).of(ann)[0].id
    moved(desk, ann, first, bob)
    moved(desk, bob, first, ann)
    assert desk.running(ann, "first_response").started_at == at("2026-03-02 08:00")
    assert desk.due(ann, "first_response") == at("2026-03-02 12:00")
    assert desk.due(bob, "first_response") == at("2026-03-02 12:00")
    assert Index(desk).moves[first] == 2


def test_what_is_not_there_any_more_can_not_be_moved() -> None:
    desk, ann, bob = begun(FIRST)
    other = desk.opens("cem")
    message = says(desk, "ann", "ann")
    late = Index(desk).move(ann, message, other)
    moved(desk, ann, message, bob)
    refused = desk.ask(late).refused
    assert refused is not None
    assert refused.conflict == "moved_on"


def test_nothing_is_moved_into_its_own_contact_nor_into_one_that_goes_on_in_another() -> None:
    desk, ann, bob = begun(FIRST)
    message = says(desk, "ann", "ann")
    into_itself, into_bob = Index(desk).move(ann, message, ann), Index(desk).move(ann, message, bob)
    refused = desk.ask(into_itself).refused
    assert refused is not None
    assert refused.conflict == "same_contact"
    desk.merge(bob, desk.opens("cem"))
    refused = desk.ask(into_bob).refused
    assert refused is not None
    assert refused.conflict == "merged"
