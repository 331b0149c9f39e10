"""What a message was sent on by may be older than what the desk that gets it knows, or younger: what is younger holds."""

import msgspec

from frontline.contract.ids import ContactId, DeskId, InboxId, KeyHash
from frontline.contract.message import ThreadEvidence
from router.core.command import FoundKey, ReceiveMessage
from router.core.elsewhere import Elsewhere, by_way_of, has_come
from tests.unit.router_core.driver import Desk
from tests.unit.router_core.parting import move, split
from tests.unit.router_core.two_desks import THREAD, World, agree, desk, on_its_way, opened, sent_on, two

A, B = DeskId("a"), DeskId("b")
NEW = ContactId("c-new")


def test_an_answer_to_what_was_split_off_where_the_contact_is_comes_to_the_new_contact() -> None:
    one, other, world = two()
    contact = opened(one)
    _split_off(world, contact)
    answer = _answer(one, contact)
    assert world.write("a", answer) == ["a", "b"]
    assert other.state.contact_of(answer.key) == NEW
    decided = len(other.log)
    assert world.write("a", answer) == ["a", "b"]
    assert len(other.log) == decided, "a repeat is decided once"
    agree(one, other)


def test_an_answer_to_what_was_moved_where_the_contact_is_comes_to_where_that_is_now() -> None:
    one, other, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    second = _second(world)
    owner = other.opens("customer", key="another", inbox=InboxId("b"))
    assert move(other, contact, second.message, owner, "bob-b").refused is None
    answer = _answer(one, contact)
    assert world.write("a", answer) == ["a", "b"]
    assert other.state.contact_of(answer.key) == owner


def test_an_answer_to_what_was_merged_where_the_contact_is_comes_to_what_it_goes_on_in() -> None:
    one, other, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    _second(world)
    into = other.opens("customer", key="another", inbox=InboxId("b"))
    assert other.merge(contact, into, "bob-b").refused is None
    answer = _answer(one, contact)
    assert world.write("a", answer) == ["a", "b"]
    assert other.state.contact_of(answer.key) == into


def test_it_comes_to_the_new_contact_also_when_the_old_one_has_gone_on_to_a_third_desk() -> None:
    one, other, third = desk("a", "ann-a"), desk("b", "bob-b"), desk("c", "cem-c")
    world = World(one, other, third)
    contact = opened(one)
    _split_off(world, contact)
    world.hand(contact, "bob-b", "c")
    answer = _answer(one, contact)
    assert world.write("a", answer) == ["a", "b"]
    assert other.state.contact_of(answer.key) == NEW


def test_what_the_index_says_by_then_holds_when_the_desk_has_left_to_it_what_it_knew() -> None:
    """It lay for a while on its way."""
    one, other, world = two()
    contact = opened(one)
    _split_off(world, contact)
    answer = _sent_on(one, _answer(one, contact))
    other.raise_floor()
    other.must(msgspec.structs.replace(answer, finds=(_names(NEW),)))
    assert other.state.contact_of(answer.key) == NEW


def test_a_contact_that_the_index_names_and_that_was_merged_into_the_one_that_came_stays_behind_it() -> None:
    one, other, world = two()
    contact = opened(one)
    into = opened(one, key="into")
    one.must(one.mail("customer", inbox=InboxId("a"), finds=[_names(contact)], binds=["second"]))
    one.raise_floor()
    assert one.merge(contact, into, "ann-a").refused is None
    world.hand(into, "ann-a", "b")
    answer = _answer(one, contact)
    assert world.write("a", answer) == ["a", "b"]
    assert other.state.contact_of(answer.key) == into


def test_what_the_other_desk_bound_before_the_contact_came_from_it_is_younger_than_what_was_known_here() -> None:
    """Both are here, and the desk has not left to the index yet what it knew of the key."""
    one, other, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    _second(world)
    world.hand(contact, "bob-b", "a")
    third = one.mail("customer", key="m3", inbox=InboxId("a"), finds=THREAD, binds=["second"])
    assert world.write("a", third) == ["a"]
    split(one, contact, third.message, NEW, "ann-a")
    world.hand(contact, "ann-a", "b")
    world.hand(NEW, "ann-a", "b")
    answer = _answer(one, NEW)
    assert world.write("a", answer) == ["a", "b"]
    assert other.state.contact_of(answer.key) == NEW
    agree(one, other)


def test_what_was_looked_up_before_the_contact_came_does_not_count_against_what_the_message_was_sent_on_for() -> None:
    """The other desk had split it off; the index was read before it said so, and decided by when both had come."""
    one, other, world = two()
    contact = opened(one)
    second = one.mail("customer", key="m2", inbox=InboxId("a"), finds=THREAD, binds=["second"])
    one.must(second)
    split(one, contact, second.message, NEW, "ann-a")
    on_its_way(world, NEW)
    sent = _sent_on(one, _answer(one, contact))
    assert sent.sent_on is not None
    come = has_come(other.state, sent.sent_on)
    assert not come
    world.settle()
    world.hand(contact, "ann-a", "b")
    assert has_come(other.state, sent.sent_on)
    other.must(by_way_of(sent, sent.sent_on, come=come))
    assert other.state.contact_of(sent.key) == NEW


def test_a_message_does_not_go_to_and_fro_between_what_two_desks_remember() -> None:
    """One remembers the contact that it gave away, the other one what it split off from that and gave back."""
    one, other, world = two()
    contact = one.opens("customer", binds=["thread", "second"], inbox=InboxId("a"))
    _split_off(world, contact)
    world.hand(NEW, "bob-b", "a")
    answer = _answer(one, None)
    assert world.write("a", answer) == ["a", "b", "a"]
    assert one.state.contact_of(answer.key) == NEW
    agree(one, other)


def _second(world: World) -> ReceiveMessage:
    """A message in the contact at the other desk, which later ones name."""
    second = world.desks[A].mail("customer", key="m2", inbox=InboxId("a"), finds=THREAD, binds=["second"])
    assert world.write("a", second) == ["a", "b"]
    return second


def _split_off(world: World, contact: ContactId) -> None:
    """The contact goes to the other desk, where its second message becomes a contact of its own."""
    world.hand(contact, "ann-a", "b")
    split(world.desks[B], contact, _second(world).message, NEW, "bob-b")


def _answer(one: Desk, known: ContactId | None) -> ReceiveMessage:
    """To the second message, which belongs to the `known` contact as far as the index says."""
    return one.mail("customer", key="answer", inbox=InboxId("a"), finds=[_names(known)])


def _names(contact: ContactId | None) -> FoundKey:
    desk = None if contact is None else B
    return FoundKey(key=KeyHash("second"), evidence=ThreadEvidence.REFERENCE, contact=contact, desk=desk)


def _sent_on(one: Desk, message: ReceiveMessage) -> ReceiveMessage:
    """As it leaves that desk."""
    step = one.ask(message)
    assert isinstance(step.refused, Elsewhere)
    return msgspec.structs.replace(message, sent_on=sent_on(None, step.refused, A))
