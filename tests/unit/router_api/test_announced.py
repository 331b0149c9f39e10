"""Words that the log has announced, until they are here or too old to be waited for."""

from datetime import timedelta

from frontline.contract.ids import ContactId, MessageId
from router.index.announced import _MOST, YOUNG, Announced
from tests.unit.router_core.driver import NOON

ONE, TWO = ContactId("c1"), ContactId("c2")


def test_a_contact_is_complete_once_all_words_up_to_there_have_come() -> None:
    announced = Announced()
    announced.add(ONE, MessageId("m1"), 5, NOON, NOON)
    announced.add(ONE, MessageId("m2"), 9, NOON, NOON)
    assert announced.complete(ONE, 4)
    assert not announced.complete(ONE, 5)
    assert announced.complete(TWO, 99)
    announced.arrived(MessageId("m1"))
    assert announced.complete(ONE, 8)
    assert not announced.complete(ONE, 9)
    announced.arrived(MessageId("m2"))
    assert announced.complete(ONE, 9)


def test_what_was_never_announced_may_come() -> None:
    Announced().arrived(MessageId("m1"))


def test_what_was_announced_long_ago_is_not_waited_for() -> None:
    announced = Announced()
    announced.add(ONE, MessageId("old"), 1, NOON - YOUNG - timedelta(seconds=1), NOON)
    assert announced.complete(ONE, 1)


def test_it_holds_a_bounded_number_and_lets_the_oldest_go() -> None:
    announced = Announced()
    for n in range(_MOST + 1):
        announced.add(ONE if n == 0 else TWO, MessageId(f"m{n}"), n, NOON, NOON)
    assert announced.complete(ONE, 0)
    assert not announced.complete(TWO, 1)
    assert len(announced._ids) == _MOST
