"""Giving a contact to somebody of the desk: to a colleague by name, or to whoever has a skill."""

from router.core.contact import WAITING
from router.core.event import ContactAssigned
from tests.unit.router_core.live import MAIL, calls, desk_with, person, takes


def test_a_transfer_by_name_is_theirs_at_once_whether_they_are_there_or_not() -> None:
    desk = desk_with(person("a"), person("b", available=False))
    mail = desk.opens(inbox=MAIL)
    assert desk.transfer(mail, "a", to="b").refused is None
    (_, handed) = desk.told(ContactAssigned)
    assert (handed.agent, handed.via) == ("b", "transfer")


def test_a_waiting_contact_may_be_taken_by_name() -> None:
    desk = desk_with(person("a", available=False))
    mail = desk.opens(inbox=MAIL)
    assert desk.transfer(mail, "a", to="a").refused is None
    assert [event.via for event in desk.told(ContactAssigned)] == ["direct"]


def test_a_transfer_to_who_has_no_room_is_refused_and_changes_nothing() -> None:
    desk = desk_with(person("a"), person("b", capacity=5))
    mail = desk.opens(inbox=MAIL)
    step = desk.transfer(mail, "a", to="b")
    assert step.refused is not None
    assert (step.refused.conflict, desk.holder(mail)) == ("no_room", "a")


def test_a_live_contact_is_handed_over_to_who_is_there_and_says_yes() -> None:
    desk = desk_with(person("a"), person("b"), person("c", available=False))
    call = calls(desk)
    assert takes(desk, call) == "a"
    refused = desk.transfer(call, "a", to="c").refused
    assert refused is not None
    assert refused.conflict == "not_available"
    desk.transfer(call, "a", to="b")
    assert desk.offer(call).agent == "b"
    assert (takes(desk, call), desk.holder(call)) == ("b", "b")


def test_a_transfer_to_a_skill_waits_for_those_who_have_it_before_all_others_of_its_lane() -> None:
    desk = desk_with(person("a"), person("b", "french", capacity=10))
    holding = desk.opens(inbox=MAIL, knows="b")
    other = desk.opens("bob", inbox=MAIL)
    assert (desk.holder(holding), desk.holder(other)) == ("b", "a")
    desk.transfer(other, "a", skill="french")
    assert desk.contact(other).phase == WAITING
    desk.resolve(holding, "b")
    assert desk.holder(other) == "b"
    refused = desk.transfer(other, "b", skill="welsh").refused
    assert refused is not None
    assert refused.conflict == "unknown_skill"
