"""The clocks of a contact that goes to another desk: whose they are meanwhile, and what they are there."""

from dataclasses import fields
from datetime import timedelta

import msgspec

from frontline.contract.ids import AgentId, InboxId, MessageId
from router.core.clock import Clock
from router.core.command import Promise, WaitFor
from router.core.desk_settings import AgentSettings, EscalationSettings, PolicySettings
from router.core.event_clock import ClockBreached, ClockMet, ClockStarted, ClockWarned
from router.core.event_escalation import Escalated
from router.core.parcel import CarriedClock, CarriedTerm
from router.core.term import Term
from tests.unit.router_core.driver import NOON, Desk
from tests.unit.router_core.sla_desk import HOUR, OFFICE, closed, target
from tests.unit.router_core.two_desks import THREAD, World, agree, desk, on_its_way, opened, two


def breaches(*desks: Desk) -> list[tuple[str, ClockBreached]]:
    return [(each.state.desk, event) for each in desks for event in each.told(ClockBreached)]


def test_it_carries_its_clocks_with_their_whole_policies() -> None:
    policy = PolicySettings(
        id="gold",
        version=7,
        calendar="office",
        targets=(target("first_response", HOUR), target("resolution", 8 * HOUR, raises=((1.0, "vip"),))),
    )
    holiday = closed(OFFICE, "2026-03-03")
    one = desk("a", "ann-a", policy=policy, calendars=(holiday,))
    other = desk("b", "bob-b", calendars=(msgspec.structs.replace(OFFICE, zone="UTC"),))
    world = World(one, other)
    contact = opened(one)
    before = {clock.target: clock for clock in one.contact(contact).clocks}
    world.hand(contact, "ann-a", "b")
    for clock in other.contact(contact).clocks:
        former = before[clock.target]
        assert clock.term.dump() == former.term.dump()
        assert (clock.started_at, clock.due_at, clock.warnings) == (former.started_at, former.due_at, former.warnings)
    assert not other.told(ClockStarted)


def test_the_giving_desk_fires_clocks_until_the_contact_is_taken() -> None:
    one, other = desk("a", "ann-a", patience=None), desk("b", "bob-b")
    world = World(one, other)
    contact = opened(one)
    world.give(contact, "ann-a", "b")
    world.listen()
    world.wait(minutes=61)
    one.tick()
    world.settle()
    other.tick()
    assert other.holder(contact) == "bob-b"
    assert breaches(one, other) == [("a", one.told(ClockBreached)[0])]
    assert one.told(ClockBreached)[0].at == NOON + HOUR
    assert [event.fraction for event in one.told(ClockWarned)] == [0.5, 0.8]
    agree(one, other)


def test_what_comes_due_between_the_desks_is_told_once_with_its_true_time() -> None:
    one, other, world = two()
    contact = opened(one)
    on_its_way(world, contact)
    assert contact not in one.state.contacts
    world.wait(hours=5)
    one.tick()
    world.settle()
    assert breaches(one, other) == [("b", other.told(ClockBreached)[0])]
    assert other.told(ClockBreached)[0].at == NOON + HOUR
    agree(one, other)


def test_a_breach_on_record_is_not_recorded_again_where_it_goes() -> None:
    one, other, world = two()
    contact = opened(one)
    world.wait(hours=2)
    one.tick()
    world.hand(contact, "ann-a", "b")
    other.tick()
    assert [where for where, _ in breaches(one, other)] == ["a"]
    other.reply(contact, "bob-b")
    assert other.told(ClockMet)[0].late


def test_a_reply_at_the_other_desk_meets_the_clock_that_began_here() -> None:
    one, other, world = two()
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    other.wait(minutes=1)
    other.reply(contact, "bob-b")
    assert [event.target for event in other.told(ClockMet)] == ["first_response"]
    agree(other)


def test_a_clock_that_begins_later_runs_by_the_policy_of_the_inbox_that_it_came_by() -> None:
    policy = PolicySettings(
        id="gold", version=7, calendar="always", targets=(target("first_response", HOUR), target("next_response", HOUR))
    )
    one, other = desk("a", "ann-a", policy=policy), desk("b", "bob-b")
    world = World(one, other)
    contact = opened(one)
    world.hand(contact, "ann-a", "b")
    other.reply(contact, "bob-b")
    world.wait(minutes=5)
    assert world.write("a", one.mail("customer", inbox=InboxId("a"), finds=THREAD)) == ["a", "b"]
    [started] = other.told(ClockStarted)
    assert (started.target, started.policy, started.version) == ("next_response", "gold", 7)
    agree(one, other)


def test_a_pause_and_a_promise_go_with_it() -> None:
    policy = PolicySettings(
        id="gold",
        version=1,
        calendar="always",
        targets=(target("resolution", 4 * HOUR, pause_in=("waiting_customer",)), target("follow_up", timedelta(0))),
    )
    one, other = desk("a", "ann-a", policy=policy), desk("b", "bob-b")
    world = World(one, other)
    contact = opened(one)
    agent = AgentId("ann-a")
    due_at = one.now + 3 * HOUR
    one.must(Promise(contact=contact, agent=agent, due_at=due_at, note=MessageId("n"), draft=1))
    one.must(WaitFor(contact=contact, agent=agent, state="waiting_customer"))
    world.wait(hours=1)
    world.hand(contact, "ann-a", "b")
    clocks = {clock.target: clock for clock in other.contact(contact).clocks}
    assert clocks["resolution"].due_at == NOON + 5 * HOUR
    assert clocks["resolution"].pauses == ((NOON, NOON + HOUR),)
    assert clocks["follow_up"].due_at == due_at
    world.wait(hours=4)
    other.tick()
    assert [(event.target, event.at) for event in other.told(ClockBreached)] == [("follow_up", due_at)]
    agree(one, other)


def test_a_promise_that_no_policy_speaks_of_goes_with_it() -> None:
    one, other, world = two()
    contact = opened(one)
    due_at = one.now + 3 * HOUR
    one.must(Promise(contact=contact, agent=AgentId("ann-a"), due_at=due_at, note=MessageId("n"), draft=1))
    world.hand(contact, "ann-a", "b")
    clock = other.contact(contact).clock("follow_up")
    assert clock is not None
    assert (clock.due_at, clock.policy) == (due_at, "")
    agree(other)


def test_every_field_of_a_term_and_of_a_clock_has_its_place_in_a_parcel() -> None:
    assert {field.name for field in fields(Term) if field.init} == set(CarriedTerm.__struct_fields__)
    kept = set(Clock.__struct_fields__) - {"target", "armed"}
    assert kept == set(CarriedClock.__struct_fields__) - {"intervals", "rest"}


def test_what_a_breach_asks_for_is_done_where_the_contact_is_then() -> None:
    rule = EscalationSettings(fraction=1.0, leads=True)
    policy = PolicySettings(
        id="gold",
        version=1,
        calendar="always",
        targets=(target("first_response", HOUR, warn_at=(), escalations=(rule,)),),
    )
    one = desk("a", "ann-a", policy=policy, patience=None)
    other = desk("b", AgentSettings(id=AgentId("bob-b"), lead=True))
    world = World(one, other)
    contact = opened(one)
    world.give(contact, "ann-a", "b")
    world.listen()
    world.bring(world.words.pop(0))
    world.wait(hours=2)
    world.settle()
    assert [where for where, _ in breaches(one, other)] == ["a"]
    assert [event.agents for event in other.told(Escalated)] == [("bob-b",)]
    assert not one.told(Escalated)
    agree(one, other)
