"""What a clock has warned of, it warns of no more: whatever policies and lanes it was moved to since."""

import msgspec

from router.core.event_clock import ClockWarned
from router.core.snapshot import restore, save
from tests.unit.router_core.sla_desk import HOUR, PromisingDesk, at, promising, target
from tests.unit.router_core.two_desks import opened, two


def reconfigured(desk: PromisingDesk, version: int, *warn_at: float) -> None:
    term = target("first_response", 4 * HOUR, warn_at=warn_at)
    quick = target("first_response", 3 * HOUR, warn_at=warn_at, lanes=("vip",))
    others = msgspec.structs.replace(term, lanes=("security", "improvement", "normal", "low"))
    desk.must_apply(promising(others, quick, version=version, policy_version=version))


def warned(desk: PromisingDesk) -> list[float]:
    assert desk.agrees_with_its_log()
    return [told.fraction for told in desk.told(ClockWarned)]


def test_rule_1_7_a_clock_that_was_moved_to_a_policy_without_warnings_and_back_warns_of_nothing_twice() -> None:
    """Seed 4221000061 of the desk's simulation: the policy in between knew nothing of what had been warned of."""
    desk = PromisingDesk(promising(target("first_response", 4 * HOUR, warn_at=(0.5, 0.8))))
    contact = desk.asks()
    desk.lives_on("2026-03-02 10:00")
    assert warned(desk) == [0.5]
    reconfigured(desk, 2)
    desk.lane(contact, "vip")
    assert desk.running(contact, "first_response").warnings == ()
    reconfigured(desk, 3, 0.3, 0.5, 0.9)
    desk.lane(contact, "normal")
    assert desk.running(contact, "first_response").warnings == ((0.9, at("2026-03-02 11:36")),)
    desk.lives_on("2026-03-02 11:36")
    assert warned(desk) == [0.5, 0.9]


def test_rule_1_7_what_was_warned_of_is_known_after_a_snapshot_too() -> None:
    desk = PromisingDesk(promising(target("first_response", 4 * HOUR, warn_at=(0.5, 0.8))))
    contact = desk.asks()
    desk.lives_on("2026-03-02 10:00")
    reconfigured(desk, 2)
    desk.lane(contact, "vip")
    restored = restore(list(save(desk.state)))
    assert restored.contacts[contact].clocks[0].warned == 0.5


def test_rule_1_7_what_was_warned_of_goes_along_to_another_desk() -> None:
    one, other, world = two()
    contact = opened(one)
    (clock,) = [each for each in one.contact(contact).clocks if each.target == "first_response"]
    one.now = other.now = clock.warnings[0][1]
    one.tick()
    assert clock.warned > 0
    world.hand(contact, "ann-a", "b")
    assert [each.warned for each in other.contact(contact).clocks if each.target == "first_response"] == [clock.warned]
