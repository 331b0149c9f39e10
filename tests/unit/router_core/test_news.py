"""What a desk decides, as news for one agent each, and for how long it is any."""

from datetime import timedelta

import msgspec

from frontline.contract.ids import AgentId
from router.core.command import TransferContact
from router.core.desk_settings import AgentSettings, EscalationSettings, InboxSettings
from router.core.event import DeskDecision
from router.core.news import ALARM, ASSIGNMENT, ESCALATION, NEWSWORTHY, OFFER, TRANSFER, WARNING, News, news_of, stands
from tests.unit.router_core.driver import EMAIL, SUPPORT, Desk, settings

ANN, BEN, LEAD = AgentId("ann"), AgentId("ben"), AgentId("lead")
OFFERED = (InboxSettings(channel=EMAIL, id=SUPPORT, offer_for=timedelta(seconds=20)),)


def heard(desk: Desk, events: tuple[DeskDecision, ...]) -> list[News]:
    found = [(event, each) for event in events for each in news_of("1", event, desk.state, [LEAD])]
    assert all(isinstance(event, NEWSWORTHY) for event, _ in found), "or nobody would be asked what is news in it"
    return [each for _, each in found]


def said(found: list[News]) -> list[tuple[str, str]]:
    return [(each.about, each.agent) for each in found]


def test_rule_2_11_an_offer_is_news_to_who_is_asked_until_it_ends() -> None:
    desk = Desk(settings("ann", inboxes=OFFERED))
    events = desk.must(desk.mail())
    (news,) = heard(desk, events)
    assert (news.about, news.agent) == (OFFER, ANN)
    assert stands(news, desk.state)
    desk.wait(seconds=20, milliseconds=1)
    again = heard(desk, desk.tick())
    assert not stands(news, desk.state)
    assert said(again) == [(OFFER, ANN)]
    assert all(stands(each, desk.state) for each in again)


def test_rule_2_11_an_accepted_offer_is_no_news_to_who_accepted_it() -> None:
    desk = Desk(settings("ann", inboxes=OFFERED))
    (news,) = heard(desk, desk.must(desk.mail()))
    assert news.offer is not None
    step = desk.accept(news.offer, "ann")
    assert step.refused is None
    assert heard(desk, step.events) == []
    assert not stands(news, desk.state)


def test_rule_2_11_what_is_assigned_is_news_to_who_holds_it_while_they_do() -> None:
    desk = Desk(settings("ann"))
    (news,) = heard(desk, desk.must(desk.mail()))
    assert (news.about, news.agent) == (ASSIGNMENT, ANN)
    assert stands(news, desk.state)
    desk.must_apply(settings("ann", "ben", version=2))
    given = heard(desk, desk.must(TransferContact(contact=news.contact, agent=ANN, to=BEN)))
    assert said(given) == [(TRANSFER, BEN)]
    assert not stands(news, desk.state)
    assert stands(given[0], desk.state)
    taken = heard(desk, desk.must(TransferContact(contact=news.contact, agent=ANN, to=ANN)))
    assert taken == [], "nobody is told what they did themselves"


def test_rule_2_11_a_clock_that_runs_out_is_news_to_who_holds_its_contact() -> None:
    desk = Desk(settings("ann", within=timedelta(hours=1)))
    desk.must(desk.mail())
    desk.wait(minutes=31)
    (news,) = heard(desk, desk.tick())
    assert (news.about, news.agent, news.target) == (WARNING, ANN, "first_response")
    assert stands(news, desk.state)
    desk.reply(news.contact, "ann")
    assert not stands(news, desk.state)


def test_rule_2_11_an_alarm_of_the_desk_is_news_to_its_leads_while_nobody_has_it() -> None:
    nobody = settings(AgentSettings(id=ANN, available=False))
    desk = Desk(msgspec.structs.replace(nobody, alarm_after=timedelta(minutes=10)))
    desk.must(desk.mail())
    desk.wait(minutes=10)
    (news,) = [each for each in heard(desk, desk.tick()) if each.about == ALARM]
    assert news.agent == LEAD
    assert stands(news, desk.state)
    desk.available("ann")
    assert not stands(news, desk.state)


def test_rule_2_11_an_escalation_is_news_to_those_whom_the_policy_names_until_the_clock_ends() -> None:
    told = (EscalationSettings(fraction=1, holder=True, leads=True),)
    usual = settings("ann", AgentSettings(id=LEAD, lead=True))
    policy = usual.policies[0]
    late = msgspec.structs.replace(
        policy, targets=tuple(msgspec.structs.replace(target, escalations=told) for target in policy.targets)
    )
    desk = Desk(msgspec.structs.replace(usual, policies=(late,)))
    desk.must(desk.mail())
    desk.wait(hours=2)
    found = [each for each in heard(desk, desk.tick()) if each.about == ESCALATION]
    assert sorted(each.agent for each in found) == [ANN, LEAD]
    assert all(stands(each, desk.state) for each in found)
    desk.reply(found[0].contact, "ann")
    assert not any(stands(each, desk.state) for each in found)
