"""What the rota does at a desk: who is on duty, whom a shift calls in and lets go, and swaps."""

from datetime import UTC, date, datetime, time, timedelta

import msgspec
import pytest

from frontline.contract.ids import AgentId
from router.core.advance import next_due
from router.core.command import ApplySettings, SwapTurn
from router.core.contact import OFFERED
from router.core.desk_settings import AgentSettings, DeskSettings, InboxSettings
from router.core.event import ContactOffered, OfferWithdrawn
from router.core.event_people import AvailabilityChanged, DutyChanged
from router.core.rota_settings import OverrideSettings, ShiftSettings
from router.core.settings import faults
from tests.unit.router_core.driver import EMAIL, NOON, SUPPORT, Desk, settings

A, B = AgentId("a"), AgentId("b")
MONDAY = date(2026, 3, 2)
TUESDAY = date(2026, 3, 3)
EVERY_DAY = tuple(range(7))


def shift(*weeks: tuple[AgentId, ...], available: bool = False, name: str = "day") -> ShiftSettings:
    return ShiftSettings(
        id=name, zone="UTC", days=EVERY_DAY, begins=time(9), ends=time(17), weeks=weeks, since=MONDAY,
        available=available,
    )  # fmt: skip


def with_shifts(*shifts: ShiftSettings, version: int = 1, offer: bool = False) -> DeskSettings:
    inbox = InboxSettings(channel=EMAIL, id=SUPPORT, offer_for=timedelta(seconds=20) if offer else None)
    agents = [AgentSettings(id=agent) for agent in (A, B)]
    return msgspec.structs.replace(settings(*agents, version=version, inboxes=[inbox]), shifts=shifts)


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def swap(agent: str, partner: str, day: date = MONDAY, shift: str = "day") -> SwapTurn:
    return SwapTurn(agent=AgentId(agent), partner=AgentId(partner), shift=shift, day=day)


def states(desk: Desk) -> dict[str, str]:
    return {agent.id: agent.state for agent in desk.state.agents.values()}


def test_whoever_is_on_duty_is_known_with_the_settings_and_changes_at_the_true_time() -> None:
    desk = Desk(with_shifts(shift((A,), (B,))))
    assert desk.state.duty.agents == {A}
    assert next_due(desk.state) == at(2, 17)
    desk.wait(days=7)
    desk.tick()
    assert desk.state.duty.agents == {B}
    told = [(event.at, event.agents) for event in desk.told(DutyChanged)]
    assert told[:3] == [(NOON, (A,)), (at(2, 17), ()), (at(3, 9), (A,))]
    assert told[-1] == (at(9, 9), (B,))
    assert desk.agrees_with_its_log()


def test_being_on_duty_makes_nobody_available() -> None:
    desk = Desk(with_shifts(shift((A,))))
    desk.wait(days=1)
    desk.tick()
    assert states(desk) == {"a": "offline", "b": "offline"}


def test_a_shift_may_call_people_in_and_lets_them_go_at_its_end() -> None:
    desk = Desk(with_shifts(shift((A,), available=True)))
    contact = desk.opens()
    assert desk.holder(contact) == A
    desk.wait(hours=6)
    desk.tick()
    told = [(event.at, event.agent, event.state, event.reason) for event in desk.told(AvailabilityChanged)]
    assert told == [(NOON, A, "available", "shift_began"), (at(2, 17), A, "offline", "shift_ended")]
    assert desk.agrees_with_its_log()


def test_whoever_said_until_when_they_are_not_there_is_not_called_in() -> None:
    desk = Desk(with_shifts(shift((A,), available=True)))
    desk.now = at(2, 18)
    desk.available("a", "away", until=at(3, 11))
    desk.now = at(3, 10)
    desk.tick()
    assert states(desk)["a"] == "away"
    desk.now = at(3, 12)
    desk.tick()
    assert states(desk)["a"] == "available"


def test_whoever_said_that_they_stay_longer_is_not_let_go() -> None:
    desk = Desk(with_shifts(shift((A,), available=True)))
    desk.available("a", until=at(2, 19))
    desk.now = at(2, 18)
    desk.tick()
    assert states(desk)["a"] == "available"
    desk.now = at(2, 20)
    desk.tick()
    assert states(desk)["a"] == "away"


def test_a_swap_hands_over_the_turn_that_runs_and_no_other() -> None:
    desk = Desk(with_shifts(shift((A,))))
    desk.must(swap("a", "b"))
    assert desk.state.duty.agents == {B}
    desk.wait(days=1)
    desk.tick()
    assert desk.state.duty.agents == {A}
    assert desk.agrees_with_its_log()


def test_either_of_the_two_may_say_that_they_swap() -> None:
    desk = Desk(with_shifts(shift((A,))))
    desk.must(swap("b", "a", TUESDAY))
    desk.now = at(3, 12)
    desk.tick()
    assert desk.state.duty.agents == {B}


def test_swaps_survive_a_reload() -> None:
    desk = Desk(with_shifts(shift((A,))))
    desk.must(swap("a", "b", TUESDAY))
    desk.must_apply(with_shifts(shift((A,), name="other"), shift((A,)), version=2))
    desk.now = at(3, 12)
    desk.tick()
    assert desk.state.duty.agents == {A, B}
    assert desk.agrees_with_its_log()


def test_a_changed_rota_holds_at_once() -> None:
    desk = Desk(with_shifts(shift((A,), available=True)))
    desk.must_apply(with_shifts(shift((B,), available=True), version=2))
    assert desk.state.duty.agents == {B}
    assert states(desk) == {"a": "offline", "b": "available"}
    desk.must_apply(with_shifts(version=3))
    assert desk.state.duty.agents == frozenset()
    assert states(desk) == {"a": "offline", "b": "offline"}
    assert next_due(desk.state) is None
    assert desk.agrees_with_its_log()


def test_case_64_a_swap_while_an_offer_is_open_asks_whoever_took_the_turn() -> None:
    desk = Desk(with_shifts(shift((A,), available=True), offer=True))
    contact = desk.opens()
    assert desk.offer(contact).agent == A
    desk.must(swap("a", "b"))
    assert [event.reason for event in desk.told(OfferWithdrawn)] == ["agent_away"]
    assert desk.contact(contact).phase == OFFERED
    assert [event.agent for event in desk.told(ContactOffered)] == [A, B]
    assert desk.agrees_with_its_log()


def test_a_desk_that_was_away_tells_every_change_of_duty_at_its_true_time() -> None:
    desk = Desk(with_shifts(shift((A,), available=True)))
    desk.wait(days=3)
    desk.another_leads()
    told = [event.at for event in desk.told(DutyChanged)]
    assert told == [NOON, at(2, 17), at(3, 9), at(3, 17), at(4, 9), at(4, 17), at(5, 9)]


@pytest.mark.parametrize(
    "command,conflict",
    [
        (swap("a", "ghost"), "unknown_agent"),
        (swap("a", "a"), "same_agent"),
        (swap("a", "b", shift="night"), "not_found"),
        (swap("a", "b", date(2026, 3, 1)), "not_found"),
        (swap("a", "c"), "not_yours"),
        (swap("b", "c"), "on_already"),
        (swap("b", "a", TUESDAY), "turn_over"),
    ],
)
def test_a_swap_that_can_not_be_is_refused_and_changes_nothing(command: SwapTurn, conflict: str) -> None:
    agents = [AgentSettings(id=AgentId(agent)) for agent in ("a", "b", "c")]
    shifts = (shift((AgentId("b"), AgentId("c"))),)
    desk = Desk(msgspec.structs.replace(settings(*agents), shifts=shifts))
    if conflict == "not_yours":
        desk.must_apply(msgspec.structs.replace(settings(*agents, version=2), shifts=(shift((B,)),)))
    if conflict == "turn_over":
        desk.now = at(3, 17)
    step = desk.ask(command)
    assert step.refused is not None
    assert step.refused.conflict == conflict
    assert not desk.state.swaps


def test_swaps_older_than_a_year_are_forgotten() -> None:
    desk = Desk(with_shifts(shift((A,))))
    desk.must(swap("a", "b"))
    desk.wait(days=401)
    desk.must(swap("a", "b", desk.now.date()))
    assert [day for _, day in desk.state.swaps] == [desk.now.date()]


def test_a_rota_that_makes_no_sense_is_refused_with_every_fault() -> None:
    bad = ShiftSettings(
        id="day", zone="UTC", days=(7,), begins=time(9), ends=time(17), weeks=(), since=MONDAY, until=date(2026, 3, 1),
        overrides=(OverrideSettings(day=MONDAY, agents=(AgentId("ghost"),)),),
    )  # fmt: skip
    found = faults(with_shifts(bad, shift((AgentId("nobody"),))))
    assert found == (
        "shift day is there twice",
        "shift day has no week",
        "shift day: days are 0 (Monday) to 6",
        "shift day ends before it begins",
        "shift day: there is no agent ghost",
        "shift day: there is no agent nobody",
    )
    step = Desk(with_shifts()).ask(ApplySettings(settings=with_shifts(bad, version=2)))
    assert step.refused is not None
    assert step.refused.conflict == "invalid_settings"
