"""24x7 counts real elapsed time."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from router.core.calendar import Always
from tests.unit.router_core.driver import NOON

ALWAYS = Always()


@given(st.timedeltas(timedelta(0), timedelta(days=4000)), st.timedeltas(timedelta(0), timedelta(days=400)))
def test_due_and_elapsed_agree(later: timedelta, duration: timedelta) -> None:
    start = NOON + later
    end, intervals = ALWAYS.due(start, duration)
    assert ALWAYS.elapsed(start, end) == duration
    assert sum((stop - begin for begin, stop in intervals), timedelta(0)) == duration


def test_nothing_elapses_backwards() -> None:
    assert ALWAYS.elapsed(NOON, NOON - timedelta(hours=1)) == timedelta(0)


def test_a_change_of_the_clocks_somewhere_is_no_business_of_this_calendar() -> None:
    before = NOON.replace(month=3, day=29, hour=0)
    end, _ = ALWAYS.due(before, timedelta(hours=4))
    berlin = ZoneInfo("Europe/Berlin")
    assert end.astimezone(berlin).hour - before.astimezone(berlin).hour == 5
