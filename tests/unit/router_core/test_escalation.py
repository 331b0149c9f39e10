"""Rule 1.9 in full: what a warning or a breach does besides raising the lane. How rings, offers and clocks
work is tested elsewhere; here is what sets them off, and who is told.
"""

from datetime import timedelta

import msgspec
import pytest

from frontline.contract.ids import AgentId, ContactId
from router.core.advance import next_due
from router.core.command import EraseContact
from router.core.contact import ASSIGNED, OFFERED, WAITING
from router.core.desk_settings import (
    AgentSettings,
    DeskSettings,
    EscalationSettings,
    InboxSettings,
    RingSettings,
    TargetSettings,
)
from router.core.event import ContactAssigned, ContactUnassigned, LaneChanged, OfferTimedOut, OfferWithdrawn, RingOpened
from router.core.event_clock import ClockBreached
from router.core.event_escalation import Escalated
from router.core.settings import faults
from router.core.snapshot import restore, save
from tests.unit.router_core.driver import EMAIL, SUPPORT, Desk
from tests.unit.router_core.fingerprint import fingerprint
from tests.unit.router_core.live import person
from tests.unit.router_core.sla_desk import HOUR, PromisingDesk, at, promising, target

RINGS = (
    RingSettings(),
    RingSettings(after=timedelta(hours=20), skills=False),
    RingSettings(after=timedelta(hours=40), skills=False, off_duty=True),
)
SKILLED = InboxSettings(channel=EMAIL, id=SUPPORT, skills=("french",))
ASKED = InboxSettings(channel=EMAIL, id=SUPPORT, offer_for=timedelta(hours=9))


def lead(name: str, *, available: bool = True) -> AgentSettings:
    return msgspec.structs.replace(person(name, available=available), lead=True)


def policy(*late: EscalationSettings, of: str = "first_response") -> TargetSettings:
    if of == "follow_up":
        return TargetSettings(target=of, escalations=late)
    return target(of, 4 * HOUR, escalations=late)


def desk_with(
    *agents: AgentSettings, first: TargetSettings, inbox: InboxSettings = SKILLED, limit: int | None = None
) -> PromisingDesk:
    settings = msgspec.structs.replace(promising(first), agents=agents, inboxes=(inbox,), rings=RINGS)
    desk = PromisingDesk(settings)
    desk.limit = limit or desk.limit
    return desk


def at_breach(**what: object) -> EscalationSettings:
    return EscalationSettings(fraction=1.0, **what)  # type: ignore[arg-type]


def holds(desk: Desk) -> bool:
    return desk.agrees_with_its_log() and fingerprint(restore(save(desk.state))) == fingerprint(desk.state)


def test_rule_1_9_a_breach_widens_the_ring() -> None:
    desk = desk_with(person("full", "french", capacity=5), person("plain"), first=policy(at_breach(widen="next")))
    contact = desk.asks()
    desk.lives_on("2026-03-02 12:00")
    assert (desk.contact(contact).phase, desk.contact(contact).ring) == (WAITING, 0)
    desk.lives_on("2026-03-02 12:01")
    assert desk.holder(contact) == "plain"
    assert [(ring.ring, ring.rule) for ring in desk.told(RingOpened)] == [(1, "escalated")]
    assert holds(desk)


def test_rule_1_9_a_warning_widens_the_ring_and_one_ring_at_a_time() -> None:
    late = [EscalationSettings(fraction=each, widen="next") for each in (0.5, 0.8, 1.0)]
    desk = desk_with(person("plain", available=False), first=policy(*late))
    desk.asks()
    desk.lives_on("2026-03-02 13:00")
    assert [ring.ring for ring in desk.told(RingOpened)] == [1, 2]
    assert [each.fraction for each in desk.told(Escalated)] == [0.5, 0.8, 1.0]
    assert holds(desk)


def test_rule_1_9_all_rings_open_at_once_for_whoever_is_there_without_being_on_duty() -> None:
    desk = desk_with(person("plain", available=False), first=policy(at_breach(widen="all")))
    desk.asks()
    desk.lives_on("2026-03-02 12:01")
    assert [ring.ring for ring in desk.told(RingOpened)] == [2]


def test_rule_1_9_the_ring_of_a_contact_that_somebody_has_is_left_alone() -> None:
    desk = desk_with(person("ada", "french"), first=policy(at_breach(widen="all")))
    contact = desk.asks()
    desk.lives_on("2026-03-02 12:01")
    assert desk.holder(contact) == "ada"
    assert desk.told(RingOpened) == []
    assert len(desk.told(Escalated)) == 1


def test_rule_1_9_an_offer_that_nobody_has_answered_goes_to_the_next_and_is_no_miss() -> None:
    desk = desk_with(person("ada"), person("bob"), first=policy(at_breach(reoffer=True)), inbox=ASKED)
    contact = desk.asks()
    assert desk.offer(contact).agent == "ada"
    desk.lives_on("2026-03-02 12:01")
    assert desk.offer(contact).agent == "bob"
    (withdrawn,) = desk.told(OfferWithdrawn)
    assert (withdrawn.agent, withdrawn.reason) == ("ada", "escalated")
    assert desk.state.agents[AgentId("ada")].missed == 0
    (told,) = desk.told(Escalated)
    assert (told.taken_from, told.agents) == ("ada", ("ada",))
    step = desk.accept(withdrawn.offer, "ada")
    assert step.refused is not None
    assert step.refused.conflict == "withdrawn"
    assert holds(desk)


def test_rule_1_9_an_assignment_that_nobody_has_answered_goes_to_the_next_and_who_had_it_is_told() -> None:
    late = policy(EscalationSettings(fraction=0.8, reoffer=True))
    desk = desk_with(person("ada"), person("bob"), first=late, inbox=InboxSettings(channel=EMAIL, id=SUPPORT))
    contact = desk.asks()
    assert desk.holder(contact) == "ada"
    desk.lives_on("2026-03-02 11:30")
    assert desk.holder(contact) == "bob"
    (taken,) = desk.told(ContactUnassigned)
    assert (taken.agent, taken.rule, taken.front) == ("ada", "escalated", True)
    (told,) = desk.told(Escalated)
    assert (told.target, told.fraction, told.taken_from, told.agents) == ("first_response", 0.8, "ada", ("ada",))
    assert holds(desk)


def test_rule_1_9_the_one_it_was_taken_from_gets_it_again_only_after_everybody_else() -> None:
    late = policy(EscalationSettings(fraction=0.5, reoffer=True), EscalationSettings(fraction=0.8, reoffer=True))
    desk = desk_with(person("ada"), person("bob"), first=late, inbox=InboxSettings(channel=EMAIL, id=SUPPORT))
    contact = desk.asks()
    for time in ("10:00", "11:12", "13:00"):
        desk.lives_on(f"2026-03-02 {time}")
    assert [given.agent for given in desk.told(ContactAssigned)] == ["ada", "bob", "ada"]
    assert desk.holder(contact) == "ada"
    assert holds(desk)


def test_rule_1_9_nothing_is_taken_away_when_nobody_else_could_take_it() -> None:
    for inbox, phase in ((ASKED, OFFERED), (InboxSettings(channel=EMAIL, id=SUPPORT), ASSIGNED)):
        desk = desk_with(
            person("ada"), person("full", capacity=1), person("gone", available=False),
            first=policy(at_breach(reoffer=True)), inbox=inbox,
        )  # fmt: skip
        contact = desk.asks()
        desk.lives_on("2026-03-02 12:01")
        assert desk.contact(contact).phase == phase
        (told,) = desk.told(Escalated)
        assert (told.taken_from, told.agents) == (None, ())
        assert holds(desk)


def test_rule_1_9_what_is_given_on_may_go_to_a_ring_that_is_opened_for_it() -> None:
    desk = desk_with(person("ada", "french"), person("plain"), first=policy(at_breach(reoffer=True, widen="next")))
    contact = desk.asks()
    assert desk.holder(contact) == "ada"
    desk.lives_on("2026-03-02 12:01")
    assert desk.holder(contact) == "plain"
    assert [ring.ring for ring in desk.told(RingOpened)] == [1]
    assert holds(desk)


def test_rule_1_9_what_was_answered_in_time_is_left_alone() -> None:
    desk = desk_with(
        person("ada", "french"), person("bob", "french"), first=policy(at_breach(reoffer=True, holder=True))
    )
    contact = desk.asks()
    desk.reply(contact, "ada")
    desk.lives_on("2026-03-02 20:00")
    assert desk.holder(contact) == "ada"
    assert desk.told(Escalated) == []


def test_rule_1_9_a_promise_that_was_not_kept_goes_to_somebody_else() -> None:
    desk = desk_with(
        person("ada"), person("bob"), first=policy(at_breach(reoffer=True), of="follow_up"),
        inbox=InboxSettings(channel=EMAIL, id=SUPPORT),
    )  # fmt: skip
    contact = desk.asks()
    desk.promises_of("ada", contact, at("2026-03-02 10:00"))
    desk.lives_on("2026-03-02 10:01")
    assert desk.holder(contact) == "bob"


@pytest.mark.parametrize(
    "what,told",
    [
        ({"holder": True}, ("ada",)),
        ({"leads": True}, ("lea", "leo")),
        ({"everybody": True}, ("ada", "lea", "leo", "zoe")),
        ({"agents": (AgentId("zoe"), AgentId("who-left"))}, ("zoe",)),
        ({"agents": (AgentId("zoe"),), "leads": True, "holder": True}, ("ada", "lea", "leo", "zoe")),
    ],
)
def test_rule_1_9_a_breach_notifies_whom_the_policy_names(what: dict[str, object], told: tuple[str, ...]) -> None:
    people = (person("ada", "french"), lead("lea", available=False), lead("leo"), person("zoe"))
    desk = desk_with(*people, first=policy(at_breach(**what)))
    contact = desk.asks()
    assert desk.holder(contact) == "ada"
    desk.lives_on("2026-03-02 12:01")
    (escalated,) = desk.told(Escalated)
    assert (escalated.contact, escalated.target, escalated.fraction) == (contact, "first_response", 1.0)
    assert escalated.agents == told
    assert holds(desk)


def test_rule_1_9_who_holds_a_contact_that_waits_for_its_customer_is_who_held_it() -> None:
    desk = desk_with(person("a", "french"), first=policy(at_breach(holder=True)))
    contact = desk.asks()
    desk.waits(contact)
    desk.lives_on("2026-03-02 12:01")
    assert [each.agents for each in desk.told(Escalated)] == [("a",)]


def test_rule_1_9_the_lane_is_raised_as_well() -> None:
    first = target("first_response", 4 * HOUR, raises=((1.0, "vip"),), escalations=(at_breach(everybody=True),))
    desk = desk_with(person("ada"), first=first)
    contact = desk.asks()
    desk.lives_on("2026-03-02 12:01")
    assert desk.contact(contact).lane == "vip"
    assert len(desk.told(LaneChanged)) == len(desk.told(Escalated)) == 1


def test_rule_1_9_a_breach_while_there_was_no_desk_escalates_when_there_is_one_again() -> None:
    desk = desk_with(person("ada"), person("bob"), first=policy(at_breach(reoffer=True, holder=True)), inbox=ASKED)
    desk.asks()
    desk.now = at("2026-03-04 09:00")
    desk.another_leads()
    assert [breach.at for breach in desk.told(ClockBreached)] == [at("2026-03-02 12:00")]
    assert [each.at for each in desk.told(Escalated)] == [at("2026-03-04 09:00")]
    assert desk.told(OfferTimedOut) == []
    assert holds(desk)


def test_rule_1_9_what_does_not_fit_into_a_commit_is_escalated_by_the_next_and_once() -> None:
    desk = desk_with(lead("lea"), first=policy(at_breach(leads=True)), limit=5)
    contacts = [desk.opens(f"customer-{n}") for n in range(12)]
    desk.now = at("2026-03-02 13:00")
    commits = 0
    while (due := next_due(desk.state)) is not None and due <= desk.now:
        desk.tick()
        commits += 1
        assert holds(desk)
    assert commits > 2
    assert sorted(each.contact for each in desk.told(Escalated)) == sorted(contacts)
    assert desk.state.escalating == {}


def test_rule_1_9_a_contact_that_is_erased_meanwhile_escalates_no_more() -> None:
    desk = desk_with(lead("lea"), first=policy(at_breach(leads=True)), limit=2)
    contacts = [desk.opens(f"customer-{n}") for n in range(3)]
    desk.now = at("2026-03-02 13:00")
    while not desk.state.escalating:
        desk.tick()
    for contact in contacts:
        desk.must(EraseContact(contact=ContactId(contact)))
    while (due := next_due(desk.state)) is not None and due <= desk.now:
        desk.tick()
    assert desk.state.escalating == {}
    assert holds(desk)


def test_rule_1_9_a_commit_stays_small_when_a_large_desk_is_told() -> None:
    people = tuple(person(f"agent-{n}", available=False) for n in range(400))
    desk = desk_with(*people, first=policy(at_breach(everybody=True)))
    for n in range(200):
        desk.opens(f"customer-{n}")
    desk.now = at("2026-03-02 13:00")
    while (due := next_due(desk.state)) is not None and due <= desk.now:
        told = [event for event in desk.tick() if isinstance(event, Escalated)]
        assert sum(len(each.agents) for each in told) <= 8 * 500 + 400
    assert len(desk.told(Escalated)) == 200


def test_rule_1_9_rules_are_data_and_checked_when_the_desk_takes_them() -> None:
    def fault(first: TargetSettings) -> tuple[str, ...]:
        settings: DeskSettings = promising(first)
        return faults(settings)

    assert fault(policy(EscalationSettings(fraction=0.7, holder=True)))
    assert fault(policy(at_breach(widen="sideways")))
    assert fault(policy(at_breach(holder=True), at_breach(leads=True)))
    assert fault(target("resolution", HOUR, escalations=(at_breach(reoffer=True),)))
    assert fault(policy(at_breach(holder=True, widen="all", reoffer=True))) == ()
