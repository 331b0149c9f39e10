"""How much automatic mail one address gets."""

from datetime import UTC, datetime, timedelta

from frontline.contract.ids import MessageId
from intake_email.restraint import WINDOW, Restraint

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ONE, TWO = ("One@customer.example",), ("two@customer.example",)


def allowed(restraint: Restraint, number: int, *, to: tuple[str, ...] = ONE, now: datetime = NOW) -> bool:
    return restraint.allows(MessageId(f"r{number}"), to, now)


def test_an_address_gets_so_many_in_a_day_and_others_are_not_counted_with_it() -> None:
    """Hard cases 18 and 19."""
    restraint = Restraint(2)
    assert [allowed(restraint, number) for number in range(3)] == [True, True, False]
    assert not allowed(restraint, 4, to=("one@CUSTOMER.example",))
    assert allowed(restraint, 5, to=TWO)
    assert not allowed(restraint, 6, to=(*TWO, *ONE))


def test_a_repeat_is_the_same_mail_and_counts_once() -> None:
    restraint = Restraint(1)
    assert [allowed(restraint, 1) for _ in range(3)] == [True, True, True]
    assert not allowed(restraint, 2)


def test_a_day_later_all_is_forgotten_memory_too() -> None:
    restraint = Restraint(1)
    assert allowed(restraint, 1)
    assert not allowed(restraint, 2, now=NOW + WINDOW - timedelta(milliseconds=1))
    assert allowed(restraint, 3, now=NOW + WINDOW)
    assert allowed(restraint, 4, to=TWO, now=NOW + 2 * WINDOW)
    assert list(restraint._by_address) == list(TWO)
