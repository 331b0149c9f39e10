"""Replies, notes, resolving and reopening, and who is told no."""

import pytest

from frontline.contract.ids import AgentId, ContactId, InboxId, MessageId
from frontline.contract.message import Automation, ThreadEvidence
from router.core.command import AddNote, ReopenContact, ResolveContact, SendReply, SetAvailability
from router.core.contact import ASSIGNED, RESOLVED, WAITING
from router.core.event import ContactAssigned, ContactReopened, ContactResolved, ReplyQueued
from tests.unit.router_core.driver import EMAIL, SUPPORT, Desk, settings

REFERENCE = ThreadEvidence.REFERENCE
NOBODY, NOWHERE = AgentId("nobody"), ContactId("nowhere")


@pytest.fixture
def desk() -> Desk:
    return Desk(settings("a", "b"))


def conflict(desk: Desk, command: object) -> str:
    step = desk.ask(command)  # type: ignore[arg-type]
    assert step.refused is not None
    assert step.commit is None
    return step.refused.conflict


def a_reply(contact: ContactId, agent: AgentId, inbox: InboxId = SUPPORT) -> SendReply:
    return SendReply(contact=contact, reply=MessageId("r"), agent=agent, channel=EMAIL, inbox=inbox, draft=1)


def test_a_contact_that_is_not_here_is_not_found(desk: Desk) -> None:
    agent = AgentId("a")
    assert conflict(desk, a_reply(NOWHERE, agent)) == "not_found"
    assert conflict(desk, AddNote(contact=NOWHERE, note=MessageId("n"), agent=agent, draft=1)) == "not_found"
    assert conflict(desk, ResolveContact(contact=NOWHERE, agent=agent)) == "not_found"
    assert conflict(desk, ReopenContact(contact=NOWHERE, agent=agent)) == "not_found"


def test_an_agent_of_another_desk_does_nothing_here(desk: Desk) -> None:
    contact = desk.opens()
    assert conflict(desk, a_reply(contact, NOBODY)) == "unknown_agent"
    assert conflict(desk, AddNote(contact=contact, note=MessageId("n"), agent=NOBODY, draft=1)) == "unknown_agent"
    assert conflict(desk, ResolveContact(contact=contact, agent=NOBODY)) == "unknown_agent"
    assert conflict(desk, SetAvailability(agent=NOBODY, state="away")) == "unknown_agent"
    desk.resolve(contact)
    assert conflict(desk, ReopenContact(contact=contact, agent=NOBODY)) == "unknown_agent"


def test_a_reply_by_an_inbox_that_the_desk_does_not_have_is_refused(desk: Desk) -> None:
    contact = desk.opens()
    assert conflict(desk, a_reply(contact, AgentId("a"), InboxId("sales"))) == "unknown_inbox"


def test_the_same_reply_again_decides_nothing(desk: Desk) -> None:
    contact = desk.opens()
    desk.must(a_reply(contact, AgentId("a")))
    assert desk.must(a_reply(contact, AgentId("a"))) == ()


def test_resolving_twice_tells_the_second_that_it_is_done(desk: Desk) -> None:
    contact = desk.opens()
    desk.resolve(contact, "a")
    assert conflict(desk, ResolveContact(contact=contact, agent=AgentId("b"))) == "already_resolved"
    assert len(desk.told(ContactResolved)) == 1


def test_what_is_not_resolved_is_not_reopened(desk: Desk) -> None:
    contact = desk.opens()
    assert conflict(desk, ReopenContact(contact=contact, agent=AgentId("a"))) == "not_resolved"


def test_a_contact_that_waits_can_be_resolved() -> None:
    desk = Desk(settings("a"))
    desk.available("a", "away")
    contact = desk.opens()
    assert desk.contact(contact).phase == WAITING
    assert desk.resolve(contact).refused is None
    desk.available("a")
    assert desk.told(ContactAssigned) == []


def test_a_reply_to_a_resolved_contact_is_sent_and_leaves_it_resolved(desk: Desk) -> None:
    contact = desk.opens()
    desk.reply(contact)
    desk.resolve(contact)
    desk.reply(contact)
    assert desk.contact(contact).phase == RESOLVED
    assert len(desk.told(ReplyQueued)) == 2


def test_a_reply_to_a_waiting_contact_leaves_it_waiting() -> None:
    desk = Desk(settings("a"))
    desk.available("a", "away")
    contact = desk.opens()
    desk.reply(contact)
    assert (desk.contact(contact).phase, desk.holder(contact)) == (WAITING, None)


def test_a_message_to_a_resolved_contact_gives_it_back_to_the_agent_who_knows_it(desk: Desk) -> None:
    contact = desk.opens(binds=["id-1"])
    assert desk.holder(contact) == "a"
    desk.resolve(contact)
    events = desk.must(desk.mail(finds=[("id-1", REFERENCE)]))
    assert [event.rule for event in events if isinstance(event, ContactReopened)] == ["message"]
    assert desk.told(ContactAssigned)[-1].rule == "last_agent"
    assert (desk.holder(contact), desk.contact(contact).phase) == ("a", ASSIGNED)


def test_a_reopened_contact_goes_to_somebody_else_while_its_agent_is_away(desk: Desk) -> None:
    contact = desk.opens(binds=["id-1"])
    desk.resolve(contact)
    desk.available("a", "away")
    desk.must(desk.mail(finds=[("id-1", REFERENCE)]))
    assert desk.holder(contact) == "b"
    assert desk.told(ContactAssigned)[-1].rule == "longest_idle"


def test_a_reopened_contact_waits_when_nobody_is_there(desk: Desk) -> None:
    contact = desk.opens(binds=["id-1"])
    desk.resolve(contact)
    desk.available("a", "away")
    desk.available("b", "offline")
    desk.must(desk.mail(finds=[("id-1", REFERENCE)]))
    assert (desk.contact(contact).phase, desk.holder(contact)) == (WAITING, None)


def test_a_machines_own_mail_reopens_and_an_automatic_answer_never_does(desk: Desk) -> None:
    contact = desk.opens(binds=["id-1"])
    desk.resolve(contact)
    desk.must(desk.mail(automation=Automation.AUTO_REPLIED, finds=[("id-1", REFERENCE)]))
    assert desk.contact(contact).phase == RESOLVED
    desk.must(desk.mail(automation=Automation.AUTO_GENERATED, finds=[("id-1", REFERENCE)]))
    assert desk.contact(contact).phase == ASSIGNED


def test_reopening_by_an_agent_gives_it_back_to_the_one_who_knows_it(desk: Desk) -> None:
    contact = desk.opens()
    desk.resolve(contact)
    desk.reopen(contact, "b")
    assert [event.agent for event in desk.told(ContactReopened)] == ["b"]
    assert desk.holder(contact) == "a"
