"""What customers are told before they come and while they wait, sentence by sentence (rule 3 of the rule book).

How the figures come about is in `router_core/test_wait.py`, how right they were in `test_foretold.py`, and how
channels say it where the channels are tested.
"""

from datetime import datetime, timedelta

import msgspec
from prometheus_client import CollectorRegistry, generate_latest

from frontline.configuration.model import Agent, Desk, Inbox
from frontline.contract.deskview import DeskView, Present
from frontline.contract.ids import AgentId, ChannelName, DeskId, InboxId
from frontline.contract.message import Presence
from router.core.desk_settings import InboxSettings
from router.core.wait import waits
from router.core.wait_plan import comings
from router.desk.figures import RouterFigures
from router.desk.view import view_of
from tests.unit.router_core.driver import EMAIL, NOON, settings
from tests.unit.router_core.driver import Desk as Core
from tests.unit.router_core.live import CHAT, CHATS, chats, person, tells

MINUTE = timedelta(minutes=1)
PEOPLE = (
    Agent(id=AgentId("ada"), name="Demo agent 1", picture="https://frontline.example/1.png"),
    Agent(id=AgentId("bob"), name="Demo agent 2", picture="https://frontline.example/2.png", shown=False),
    Agent(id=AgentId("gone"), name="Demo agent 3"),
)
DESK = Desk(id=DeskId("support"), agents=PEOPLE, inboxes=(Inbox(channel=ChannelName("chat"), id=CHAT, address="x"),))


def desk_of(*agents: object, inbox: InboxSettings = CHATS) -> Core:
    return Core(settings(*agents, inboxes=[inbox]))  # type: ignore[arg-type]


def seen(desk: Core, now: datetime | None = None) -> DeskView:
    """What is shown of it, every contact being live."""
    at = now or desk.now
    live = list(desk.state.contacts)
    found = waits(desk.state, live, [(EMAIL, CHAT)], at, comings(desk.state, at))
    return view_of(desk.state, DESK, live, found, at)


def longest(desk: Core) -> timedelta:
    """For somebody who would come now."""
    found = seen(desk).wait["email"]
    assert found.low <= found.high
    return found.high


def test_rule_3_who_is_there_is_told_by_their_real_name_and_picture() -> None:
    view = seen(desk_of(person("ada"), person("gone", available=False)))
    assert view.online
    assert view.people == (Present(name="Demo agent 1", picture="https://frontline.example/1.png"),)


def test_rule_3_channels_are_told_whose_customer_is_at_the_other_end() -> None:
    desk = desk_of(person("ada"))
    stays, leaves = chats(desk), chats(desk, "bob")
    tells(desk, leaves, Presence.LEFT)
    assert (seen(desk).contacts[stays].here, seen(desk).contacts[leaves].here) == (True, False)


def test_rule_3_who_did_not_agree_is_not_shown_and_somebody_is_there_all_the_same() -> None:
    desk = desk_of(person("bob"))
    contact = chats(desk)
    assert desk.holder(contact) == "bob"
    view = seen(desk)
    assert (view.online, view.people) == (True, ())
    assert (view.contacts[contact].agent_name, view.contacts[contact].agent_picture) == ("", "")


def test_rule_3_who_answers_is_told_once_somebody_does() -> None:
    desk = desk_of(person("ada"))
    contact = chats(desk)
    assert seen(desk).contacts[contact].agent_name == "Demo agent 1"


def test_rule_3_how_long_it_takes_is_a_range_before_a_chat_starts_and_while_it_waits() -> None:
    desk = desk_of(person("ada", capacity=30))
    chats(desk, "first")
    second = chats(desk, "second")
    assert longest(desk) > timedelta(0)
    standing = seen(desk).contacts[second]
    assert standing.position == 1
    assert standing.wait is not None
    assert standing.wait.low < standing.wait.high


def test_rule_3_it_is_computed_from_who_waits_ahead() -> None:
    desk = desk_of(person("ada", capacity=30))
    told = []
    for n in range(5):
        chats(desk, f"customer-{n}")
        told.append(longest(desk))
    assert told == sorted(set(told))


def test_rule_3_it_is_computed_from_free_capacity() -> None:
    def of(capacity: int) -> timedelta:
        desk = desk_of(person("ada", capacity=capacity))
        for n in range(6):
            chats(desk, f"customer-{n}")
        return longest(desk)

    assert of(30) > of(60) > of(120) > of(300) == timedelta(0)


def test_rule_3_it_is_computed_from_measured_handling_times_and_not_typed_in() -> None:
    said = msgspec.structs.replace(CHATS, handling=timedelta(hours=3))
    desk = desk_of(person("ada", capacity=30), inbox=said)
    for n in range(200):
        contact = chats(desk, f"customer-{n}")
        desk.wait(minutes=2)
        desk.resolve(contact, "ada")
    chats(desk, "now")
    assert longest(desk) < timedelta(minutes=30)


def test_rule_3_nobody_on_says_so_at_once_with_the_instant_when_somebody_is_back() -> None:
    desk = desk_of(person("ada"))
    back = NOON + timedelta(hours=2)
    desk.available("ada", "away", back)
    view = seen(desk)
    assert (view.online, view.people, view.opens_at) == (False, (), back)
    assert view.wait["email"].low == timedelta(hours=2), "and never less than until then"


def test_rule_3_nobody_on_and_nobody_knows_until_when_is_said_as_it_is() -> None:
    desk = desk_of(person("ada", available=False))
    contact = chats(desk)
    view = seen(desk)
    assert (view.online, view.wait, view.opens_at) == (False, {}, None)
    assert view.contacts[contact].wait is None


def test_rule_3_the_error_of_past_estimates_is_a_published_metric() -> None:
    registry = CollectorRegistry()
    figures = RouterFigures(registry)
    figures.waited(DeskId("support"), -12.0, within=True)
    figures.waited(DeskId("support"), 340.0, within=False)
    said = generate_latest(registry).decode()
    assert 'frontline_desk_wait_error_seconds_bucket{desk="support",le="-10.0"} 1.0' in said
    assert 'frontline_desk_wait_error_seconds_bucket{desk="support",le="300.0"} 1.0' in said
    assert 'frontline_desk_wait_error_seconds_count{desk="support"} 2.0' in said
    assert 'frontline_desk_waits_foretold_total{desk="support",within="no"} 1.0' in said


def test_rule_3_an_inbox_where_nobody_waits_live_has_no_estimate() -> None:
    view = seen(desk_of(person("ada"), inbox=InboxSettings(channel=EMAIL, id=InboxId("support"))))
    assert "email.support" not in view.wait
