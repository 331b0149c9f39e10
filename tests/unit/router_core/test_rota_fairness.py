from datetime import UTC, date, datetime, time, timedelta

from frontline.contract.ids import AgentId
from router.core.rota import Rota
from router.core.rota_fairness import Share, fairness
from router.core.rota_settings import ShiftSettings

A, B, C = AgentId("a"), AgentId("b"), AgentId("c")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SHIFT = ShiftSettings(
    id="day", zone="UTC", days=(0, 5), begins=time(9), ends=time(17), weeks=((A,), (B,)), since=MONDAY.date()
)
HOUR = timedelta(hours=1)


def test_rule_2_12_everyone_has_a_share_also_without_a_turn() -> None:
    rota = Rota((SHIFT,), {}, frozenset((A, B, C)))
    found = fairness(rota, MONDAY, MONDAY + timedelta(days=21), (A, B, C))
    assert found == (Share(A, 4, 2, 32 * HOUR), Share(B, 2, 1, 16 * HOUR), Share(C))


def test_a_swapped_turn_counts_for_whoever_took_it() -> None:
    rota = Rota((SHIFT,), {("day", date(2026, 3, 7)): ((A, C),)}, frozenset((A, B, C)))
    found = fairness(rota, MONDAY, MONDAY + timedelta(days=7), (A, B, C))
    assert found == (Share(A, 1, 0, 8 * HOUR), Share(C, 1, 1, 8 * HOUR), Share(B))


def test_time_is_counted_inside_the_window_only_and_a_turn_where_it_begins() -> None:
    rota = Rota((SHIFT,), {}, frozenset((A,)))
    found = fairness(rota, MONDAY + 12 * HOUR, MONDAY + 13 * HOUR, (A,))
    assert found == (Share(A, 0, 0, HOUR),)
