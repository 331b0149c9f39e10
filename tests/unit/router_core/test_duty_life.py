"""Whatever happens to a desk with a rota, who is on duty is what the rules, swaps and clocks say."""

from datetime import date, time, timedelta

import msgspec
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from frontline.contract.ids import AgentId
from router.core.advance import next_due
from router.core.capacity import STATES
from router.core.command import SwapTurn
from router.core.desk_settings import AgentSettings, DeskSettings
from router.core.event_people import AvailabilityChanged, DutyChanged
from router.core.rota import duty, next_change, rota
from router.core.rota_settings import OverrideSettings, ShiftSettings
from tests.unit.router_core.driver import Desk, settings

NAMES = ("a", "b", "c", "d")
FIRST = date(2026, 3, 1)
days = st.integers(0, 45).map(lambda number: FIRST + timedelta(days=number))
times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 30)))


@st.composite
def shifts(draw: st.DrawFn, agents: list[str]) -> tuple[ShiftSettings, ...]:
    crews = st.lists(st.sampled_from(agents).map(AgentId), max_size=2, unique=True).map(tuple)
    one = st.builds(
        ShiftSettings,
        id=st.just("x"),
        zone=st.sampled_from(("UTC", "Europe/Berlin", "America/New_York")),
        days=st.sets(st.integers(0, 6), min_size=2).map(tuple),
        begins=times,
        ends=times,
        weeks=st.lists(crews, min_size=1, max_size=2).map(tuple),
        since=days,
        available=st.booleans(),
        overrides=st.lists(
            st.builds(OverrideSettings, day=days, agents=st.none() | crews), max_size=2, unique_by=lambda one: one.day
        ).map(tuple),
    )
    found = draw(st.lists(one, max_size=2))
    return tuple(msgspec.structs.replace(shift, id=f"s{number}") for number, shift in enumerate(found))


@st.composite
def configurations(draw: st.DrawFn) -> DeskSettings:
    agents = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    made = settings(*[AgentSettings(id=AgentId(agent)) for agent in agents])
    return msgspec.structs.replace(made, shifts=draw(shifts(agents)))


class AnyRota(RuleBasedStateMachine):
    @initialize(configuration=configurations())
    def begin(self, configuration: DeskSettings) -> None:
        self.desk = Desk(configuration)
        self.version = 1

    @rule(minutes=st.sampled_from((1, 29, 30, 300, 1440, 9 * 1440)))
    def time_passes(self, minutes: int) -> None:
        self.desk.wait(minutes=minutes)
        self.desk.tick()

    @rule()
    def the_timer_fires(self) -> None:
        due = next_due(self.desk.state)
        if due is not None and due > self.desk.now:
            self.desk.now = due
            self.desk.tick()

    @rule(configuration=configurations())
    def the_rota_changes(self, configuration: DeskSettings) -> None:
        self.version += 1
        self.desk.must_apply(msgspec.structs.replace(configuration, version=self.version))

    @rule(agent=st.sampled_from(NAMES), partner=st.sampled_from(NAMES), shift=st.sampled_from(("s0", "s1")), day=days)
    def two_swap(self, agent: str, partner: str, shift: str, day: date) -> None:
        self.desk.ask(SwapTurn(agent=AgentId(agent), partner=AgentId(partner), shift=shift, day=day))

    @rule(agent=st.sampled_from(NAMES), state=st.sampled_from(STATES), hours=st.none() | st.integers(1, 30))
    def somebody_says_something(self, agent: str, state: str, hours: int | None) -> None:
        until = None if hours is None else self.desk.now + timedelta(hours=hours)
        self.desk.available(agent, state, until)

    @rule()
    def another_router_leads(self) -> None:
        self.desk.another_leads()

    @invariant()
    def who_is_on_duty_is_what_the_rules_say(self) -> None:
        state = self.desk.state
        rules = rota(state.settings, state.swaps)
        assert state.duty == duty(rules, state.now)
        if rules.shifts:
            assert state.dues.duty is not None
            assert state.now < state.dues.duty <= (next_change(rules, state.now) or state.dues.duty)
        elif self.version > 1:
            assert state.duty.agents == frozenset()

    @invariant()
    def the_log_tells_it_all(self) -> None:
        assert self.desk.agrees_with_its_log()

    @invariant()
    def nobody_is_called_in_or_let_go_without_a_change_of_duty(self) -> None:
        changes = {event.at for event in self.desk.told(DutyChanged)}
        for event in self.desk.told(AvailabilityChanged):
            if event.reason.startswith("shift_"):
                assert event.at in changes


TestAnyRota = AnyRota.TestCase
TestAnyRota.settings = example_settings(max_examples=25, stateful_step_count=20, deadline=None)
