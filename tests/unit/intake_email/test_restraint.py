"""How much automatic mail one address gets; over processes and restarts in `tests/integration`."""

from datetime import UTC, datetime, timedelta

from frontline.contract.ids import MessageId
from intake_email.restraint import WINDOW, Sent, counted

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def sent(who: str, number: int, at: datetime = NOW) -> Sent:
    return Sent(who, at, MessageId(f"r{number}"))


def test_rule_4_4_an_address_gets_so_many_in_a_day_and_others_are_not_counted_with_it() -> None:
    """Hard cases 18 and 19."""
    before = (sent("one", 1), sent("two", 2))
    assert counted("one", MessageId("r3"), before, 2, NOW) == (*before, sent("one", 3))
    assert counted("one", MessageId("r3"), before, 1, NOW) is None


def test_a_repeat_is_the_same_mail_and_counts_once() -> None:
    before = (sent("one", 1),)
    assert counted("one", MessageId("r1"), before, 1, NOW) == before
    assert counted("one", MessageId("r2"), before, 1, NOW) is None


def test_a_day_later_all_is_forgotten_in_the_count_too() -> None:
    before = (sent("one", 1), sent("two", 2))
    assert counted("one", MessageId("r3"), before, 1, NOW + WINDOW - timedelta(milliseconds=1)) is None
    assert counted("one", MessageId("r3"), before, 1, NOW + WINDOW) == (sent("one", 3, NOW + WINDOW),)
