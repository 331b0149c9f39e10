"""Whatever is asked, in whatever order and at whatever time, a desk keeps its promises (`life.py`)."""

from datetime import timedelta
from random import Random

import pytest
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from frontline.contract.ids import AgentId
from frontline.contract.message import Automation, DeliveryState, Presence, ThreadEvidence
from router.core.capacity import STATES
from router.core.desk_settings import STRATEGIES, AgentSettings
from tests.unit.router_core.life import ACTS, Life

AGENTS = ("a", "b", "c", "d")
CAPACITIES = (10, 30, 50)
SKILLS: tuple[tuple[str, ...], ...] = ((), ("french",), ("french", "billing"))
AUTOMATIONS = (Automation.NO, Automation.NO, Automation.AUTO_GENERATED, Automation.AUTO_REPLIED)
ASKED = ("french", "billing", "welsh")
LANES = ("", "", "merge", "unmerge", "security", "improvement", "vip", "normal", "low")
DELIVERIES = (DeliveryState.SENT, DeliveryState.FAILED)
PASSING = (
    0,
    1,
    500,
    19_999,
    20_000,
    20_001,
    240_000,
    1_800_000,
    2_880_000,
    3_599_999,
    3_600_000,
    3_600_001,
    90_000_000,
)
WITHIN = (timedelta(hours=1), timedelta(minutes=10))

agents = st.lists(
    st.builds(
        AgentSettings,
        id=st.sampled_from(AGENTS).map(AgentId),
        capacity=st.sampled_from(CAPACITIES),
        skills=st.sampled_from(SKILLS),
        available=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda agent: agent.id,
)
some = st.integers(0, 30)


class AnyDesk(RuleBasedStateMachine):
    @initialize(staff=agents, limit=st.sampled_from([2, 7, 500]), strategy=st.sampled_from(STRATEGIES))
    def begin(self, staff: list[AgentSettings], limit: int, strategy: str) -> None:
        self.life = Life(staff, limit, strategy)

    @rule(milliseconds=st.sampled_from(PASSING))
    def time_passes(self, milliseconds: int) -> None:
        self.life.time_passes(milliseconds)

    @rule(milliseconds=st.sampled_from(PASSING[:5]))
    def the_clock_steps_back(self, milliseconds: int) -> None:
        self.life.the_clock_steps_back(milliseconds)

    @rule()
    def the_timer_fires(self) -> None:
        self.life.the_timer_fires()

    @rule(
        customer=st.sampled_from(["ann", "bob"]),
        inbox=some,
        automation=st.sampled_from(AUTOMATIONS),
        late=st.sampled_from(PASSING),
        named=st.none() | some,
        evidence=st.sampled_from(ThreadEvidence),
        presence=st.sampled_from(Presence),
        knows=st.none() | some,
    )
    def a_mail_comes(
        self,
        customer: str,
        inbox: int,
        automation: Automation,
        late: int,
        named: int | None,
        evidence: ThreadEvidence,
        presence: Presence,
        knows: int | None,
    ) -> None:
        self.life.a_mail_comes(customer, inbox, automation, late, named, evidence, presence, knows)

    @rule(which=some)
    def a_mail_comes_again(self, which: int) -> None:
        self.life.a_mail_comes_again(which)

    @rule(contact=some, agent=some, act=st.sampled_from(ACTS))
    def an_agent_acts(self, contact: int, agent: int, act: str) -> None:
        self.life.an_agent_acts(contact, agent, act)

    @rule(contact=some, agent=some, to=st.none() | some, skill=st.sampled_from(ASKED), lane=st.sampled_from(LANES))
    def a_contact_is_given_on(self, contact: int, agent: int, to: int | None, skill: str, lane: str) -> None:
        self.life.a_contact_is_given_on(contact, agent, to, skill, lane)

    @rule(which=some, agent=st.none() | some, accepts=st.booleans())
    def an_offer_is_answered(self, which: int, agent: int | None, accepts: bool) -> None:
        self.life.an_offer_is_answered(which, agent, accepts)

    @rule(contact=some, whole=st.booleans())
    def somebody_is_erased(self, contact: int, whole: bool) -> None:
        self.life.somebody_is_erased(contact, whole=whole)

    @rule(which=some, state=st.sampled_from(DELIVERIES))
    def a_receipt_comes(self, which: int, state: DeliveryState) -> None:
        self.life.a_receipt_comes(which, state)

    @rule(which=some, state=st.sampled_from(STATES), ends=st.none() | st.sampled_from(PASSING))
    def an_agent_comes_or_goes(self, which: int, state: str, ends: int | None) -> None:
        self.life.an_agent_comes_or_goes(which, state, ends)

    @rule(staff=agents, within=st.sampled_from(WITHIN))
    def settings_are_applied(self, staff: list[AgentSettings], within: timedelta) -> None:
        self.life.settings_are_applied(staff, within)

    @rule()
    def the_index_catches_up(self) -> None:
        self.life.the_index_catches_up()

    @rule()
    def another_router_takes_over(self) -> None:
        self.life.another_router_takes_over()

    @rule(request=st.sampled_from(["q1", "q2"]))
    def a_request_is_made_or_repeated(self, request: str) -> None:
        self.life.a_request_is_made_or_repeated(request)

    @invariant()
    def holds(self) -> None:
        self.life.holds()

    def teardown(self) -> None:
        if hasattr(self, "life"):
            self.life.ends()


AnyDesk.TestCase.settings = example_settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyDesk = AnyDesk.TestCase


@pytest.mark.parametrize("seed", range(24))
def test_a_long_life_keeps_every_promise(seed: int) -> None:
    """Hypothesis finds the short stories and makes them shorter; this one tells long and busy ones."""
    dice = Random(seed)
    life = a_life(dice)
    for _ in range(250):
        dice.choices(*zip(*HAPPENINGS, strict=True))[0](life, dice)
        life.holds()
    life.ends()


def a_life(dice: Random) -> Life:
    return Life(_staff(dice), dice.choice([3, 20, 500]), dice.choice(STRATEGIES))


def _staff(dice: Random) -> list[AgentSettings]:
    return [
        AgentSettings(
            id=AgentId(name),
            capacity=dice.choice(CAPACITIES),
            skills=dice.choice(SKILLS),
            available=dice.random() < 0.8,
        )
        for name in dice.sample(AGENTS, dice.randint(0, 4))
    ]


def _mail(life: Life, dice: Random) -> None:
    life.a_mail_comes(
        dice.choice(["ann", "bob"]),
        dice.randrange(30),
        dice.choice(AUTOMATIONS),
        dice.choice(PASSING) if dice.random() < 0.3 else 0,
        dice.randrange(8) if dice.random() < 0.5 else None,
        dice.choice(list(ThreadEvidence)),
        dice.choice(list(Presence)),
        dice.randrange(4) if dice.random() < 0.3 else None,
    )


HAPPENINGS = [
    (_mail, 30),
    (lambda life, dice: life.time_passes(dice.choice(PASSING)), 15),
    (lambda life, dice: life.the_clock_steps_back(dice.choice(PASSING[:5])), 1),
    (lambda life, _: life.the_timer_fires(), 5),
    (lambda life, dice: life.a_mail_comes_again(dice.randrange(30)), 4),
    (lambda life, dice: life.an_agent_acts(dice.randrange(12), dice.randrange(4), dice.choice(ACTS)), 30),
    (
        lambda life, dice: life.an_offer_is_answered(
            dice.randrange(3), dice.randrange(4) if dice.random() < 0.2 else None, dice.random() < 0.6
        ),
        15,
    ),
    (
        lambda life, dice: life.a_contact_is_given_on(
            dice.randrange(12),
            dice.randrange(4),
            dice.choice([None, 0, 1, 2, 3]),
            dice.choice(ASKED),
            dice.choice(LANES),
        ),
        6,
    ),
    (lambda life, dice: life.a_receipt_comes(dice.randrange(6), dice.choice(DELIVERIES)), 10),
    (
        lambda life, dice: life.an_agent_comes_or_goes(
            dice.randrange(4), dice.choice(STATES), dice.choice([None, *PASSING])
        ),
        6,
    ),
    (lambda life, dice: life.settings_are_applied(_staff(dice), dice.choice(WITHIN)), 2),
    (lambda life, _: life.the_index_catches_up(), 3),
    (lambda life, dice: life.somebody_is_erased(dice.randrange(12), whole=dice.random() < 0.2), 2),
    (lambda life, _: life.another_router_takes_over(), 2),
    (lambda life, dice: life.a_request_is_made_or_repeated(dice.choice(["q1", "q2", "q3"])), 2),
]
