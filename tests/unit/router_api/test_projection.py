"""The index says of every contact what the desk's own state says of it."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from frontline.contract.ids import AgentId, ContactId, DeskId
from frontline.contract.message import DeliveryState, ThreadEvidence
from router.core.command import SettleTransfer, TransferContact
from router.core.commit import Commit
from router.core.desk_settings import AgentSettings
from router.core.event import ContactResolved
from router.index.projection import Place, agents_after, contact_after, contact_of
from router.index.projection_routing import WHY_KEPT
from router.index.row import AgentRow, Clock, ContactRow, stamp
from tests.unit.router_core.driver import NOON, Desk, settings

SUPPORT = DeskId("support")


def project(log: Iterable[Commit]) -> dict[ContactId, ContactRow]:
    rows: dict[ContactId, ContactRow] = {}
    for seq, commit in enumerate(log, 1):
        for n, event in enumerate(commit.events):
            contact = contact_of(event)
            if contact is not None:
                row = contact_after(rows.get(contact), event, Place(SUPPORT, seq, n, commit.now))
                if row is not None:
                    rows[contact] = row
    return rows


def project_agents(log: Iterable[Commit]) -> dict[AgentId, AgentRow]:
    agents: dict[AgentId, AgentRow] = {}
    for commit in log:
        for event in commit.events:
            if contact_of(event) is None:
                agents = dict(agents_after(agents, event))
    return agents


def row_of(desk: Desk, contact: ContactId) -> ContactRow:
    return project(desk.log)[contact]


def first_response(desk: Desk, contact: ContactId) -> Clock:
    [clock] = row_of(desk, contact).clocks
    return clock


def test_a_mail_opens_a_contact_that_says_why_it_is_with_its_agent() -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    row = row_of(desk, contact)
    assert (row.state, row.customer, row.lane, row.opened_at) == ("assigned", "ann", "normal", stamp(NOON))
    assert row.assignment is not None
    assert (row.assignment.agent, row.assignment.since, row.assignment.via) == ("a", stamp(NOON), "auto")
    [why] = row.why
    assert (why.rule, why.text) == ("longest_idle", "given to a: available, with room, and idle for longest")


def test_a_contact_that_nobody_may_take_waits() -> None:
    desk = Desk(settings())
    row = row_of(desk, desk.opens("ann"))
    assert (row.state, row.assignment) == ("waiting", None)


def test_a_clock_tells_its_policy_its_times_and_its_warnings() -> None:
    desk = Desk(settings("a", policy_version=7))
    contact = desk.opens("ann")
    desk.wait(minutes=31)
    desk.tick()
    clock = first_response(desk, contact)
    assert (clock.target, clock.policy, clock.version, clock.calendar) == ("first_response", "standard", 7, "always")
    assert (clock.started_at, clock.due_at) == (stamp(NOON), stamp(NOON + timedelta(hours=1)))
    assert (clock.warned, clock.outcome, clock.outcome_at) == ((0.5,), None, None)
    assert clock.intervals == ((stamp(NOON), stamp(NOON + timedelta(hours=1))),)


def test_a_clock_that_was_met_in_time_says_when() -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    desk.wait(minutes=10)
    desk.reply(contact)
    clock = first_response(desk, contact)
    assert (clock.outcome, clock.outcome_at) == ("met", stamp(NOON + timedelta(minutes=10)))


def test_a_clock_that_was_met_late_stays_breached_and_has_both_times() -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    desk.wait(minutes=90)
    desk.reply(contact)
    clock = first_response(desk, contact)
    assert (clock.outcome, clock.outcome_at) == ("breached", clock.due_at)
    assert clock.met_at == stamp(NOON + timedelta(minutes=90))


def test_a_clock_withdrawn_by_resolving_runs_on_when_reopened() -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    desk.resolve(contact)
    assert first_response(desk, contact).outcome == "withdrawn"
    desk.reopen(contact)
    clock = first_response(desk, contact)
    assert (clock.outcome, clock.reason) == (None, "reopened")


def test_a_reply_that_bounced_lets_the_clock_run_on() -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    desk.wait(minutes=5)
    reply = desk.reply(contact)
    desk.delivery(contact, reply, DeliveryState.FAILED)
    clock = first_response(desk, contact)
    assert (clock.outcome, clock.met_at, clock.reason) == (None, None, "bounced")


def test_a_resolved_contact_says_whose_it_was() -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    desk.resolve(contact)
    row = row_of(desk, contact)
    assert row.state == "resolved"
    assert row.assignment is not None
    assert row.assignment.agent == "a"


def test_a_contact_that_named_another_without_proof_is_linked_to_it() -> None:
    desk = Desk(settings("a"))
    first = desk.opens("ann", binds=("thread",))
    command = desk.mail("mallory", finds=[("thread", ThreadEvidence.REFERENCE)])
    desk.must(command)
    row = row_of(desk, command.new_contact)
    assert row.linked_to == first
    assert [why.rule for why in row.why] == ["linked", "longest_idle"]


def alarming() -> tuple[Desk, ContactId]:
    """A contact that nobody has taken for so long that there is an alarm."""
    nobody_has_room = settings(AgentSettings(id=AgentId("a"), available=True, capacity=0, skills=("french",)))
    desk = Desk(msgspec.structs.replace(nobody_has_room, alarm_after=timedelta(minutes=10)))
    contact = desk.opens("ann")
    desk.wait(minutes=10)
    desk.tick()
    assert row_of(desk, contact).alarm
    return desk, contact


def test_what_is_transferred_with_an_alarm_waits_anew_without_one() -> None:
    desk, contact = alarming()
    assert desk.transfer(contact, "a", skill="french").refused is None
    assert not row_of(desk, contact).alarm
    desk.wait(minutes=10)
    desk.tick()
    assert row_of(desk, contact).alarm


def test_what_another_desk_does_not_take_waits_anew_without_an_alarm() -> None:
    desk, contact = alarming()
    desk.must(TransferContact(contact=contact, agent=AgentId("a"), desk=DeskId("sales")))
    desk.must(SettleTransfer(contact=contact, desk=DeskId("sales"), taken=False, reason="unknown"))
    assert not row_of(desk, contact).alarm


def test_what_happens_to_an_unknown_contact_changes_nothing() -> None:
    event = ContactResolved(at=NOON, contact=ContactId("purged"))
    assert contact_after(None, event, Place(SUPPORT, 1, 0, NOON)) is None


def test_a_contact_that_goes_to_and_fro_keeps_its_latest_reasons_only() -> None:
    desk = Desk(settings("a"))
    contact = desk.opens("ann")
    for _ in range(WHY_KEPT):
        desk.resolve(contact)
        desk.reopen(contact)
    row = row_of(desk, contact)
    assert len(row.why) == WHY_KEPT
    assert [why.rule for why in row.why[-2:]] == ["reopened", "last_agent"]


def test_an_agent_is_as_configured_until_they_say_otherwise_and_stays_so_at_a_reload() -> None:
    desk = Desk(settings("a", AgentSettings(id=AgentId("b"))))
    assert {id_: row.state for id_, row in project_agents(desk.log).items()} == {"a": "available", "b": "offline"}
    until = NOON + timedelta(hours=1)
    desk.available("a", "away", until)
    desk.must_apply(settings("a", "c", version=2))
    agents = project_agents(desk.log)
    assert set(agents) == {"a", "c"}
    assert (agents[AgentId("a")].state, agents[AgentId("a")].until) == ("away", stamp(until))


_ACTIONS = st.one_of(
    st.tuples(st.just("mail"), st.integers(0, 3)),
    st.tuples(st.just("again"), st.integers(0, 9)),
    st.tuples(st.just("reply"), st.integers(0, 9)),
    st.tuples(st.just("fail"), st.integers(0, 9)),
    st.tuples(st.just("resolve"), st.integers(0, 9)),
    st.tuples(st.just("reopen"), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.integers(1, 50)),
    st.tuples(st.sampled_from(["available", "away", "offline"]), st.integers(0, 1)),
    st.tuples(st.just("staff"), st.integers(1, 7)),
)


@given(st.lists(_ACTIONS, max_size=40))
def test_whatever_happens_the_index_agrees_with_the_desk(actions: list[tuple[str, int]]) -> None:
    desk = Desk(settings("a", "b"))
    version = 1
    for action, number in actions:
        contacts = list(desk.state.contacts)
        some = contacts[number % len(contacts)] if contacts else None
        match action:
            case "mail":
                desk.must(desk.mail(f"u{number}", binds=(f"t{number}",)))
            case "again":
                desk.must(desk.mail(f"u{number % 4}", finds=[(f"t{number % 4}", ThreadEvidence.REFERENCE)]))
            case "wait":
                desk.wait(minutes=number)
                desk.tick()
            case "staff":
                version += 1
                desk.must_apply(
                    settings(*[name for bit, name in enumerate("abc") if number & 1 << bit], version=version)
                )
            case "available" | "away" | "offline":
                desk.available("ab"[number], action)
            case _ if some is None:
                continue
            case "reply" if not desk.state.agents[AgentId("a")].gone if AgentId("a") in desk.state.agents else False:
                desk.reply(some)
            case "fail" if desk.contact(some).replies:
                desk.delivery(some, desk.contact(some).replies[0][0], DeliveryState.FAILED)
            case "resolve":
                desk.resolve(some)
            case "reopen":
                desk.reopen(some)
    _agrees(desk)


def _agrees(desk: Desk) -> None:
    rows = project(desk.log)
    assert set(rows) == set(desk.state.contacts)
    for id_, contact in desk.state.contacts.items():
        row = rows[id_]
        assert row.state == contact.phase
        if row.state != "resolved":
            assert (row.assignment.agent if row.assignment else None) == contact.agent
        clock = contact.clock("first_response")
        shown = row.clocks[-1] if row.clocks else None
        assert (shown is None) == (clock is None)
        if clock is None or shown is None:
            continue
        assert (shown.started_at, shown.due_at) == (stamp(clock.started_at), stamp(clock.due_at))
        assert (shown.outcome == "breached") == clock.breached
        if not clock.breached:
            assert (shown.outcome or "") == clock.end
        assert (shown.met_at is not None) == (clock.end == "met")
    agents = project_agents(desk.log)
    there = {agent.id: agent.state for agent in desk.state.agents.values() if not agent.gone}
    assert {id_: row.state for id_, row in agents.items()} == there
    ordinals = [row.ordinal for row in rows.values()]
    assert ordinals == sorted(set(ordinals))
