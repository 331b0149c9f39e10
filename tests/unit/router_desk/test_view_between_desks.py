"""Where a live contact is shown to stand that goes from one desk to another: it waits, and is lost at no moment."""

from frontline.configuration.model import Agent, Desk, Inbox
from frontline.contract.deskview import DeskView
from frontline.contract.ids import AgentId, ContactId, DeskId, InboxId
from frontline.contract.message import Presence
from router.core.desk_settings import InboxSettings
from router.core.wait import Waits
from router.desk.view import view_of
from tests.unit.router_core.driver import NOON
from tests.unit.router_core.driver import Desk as Core
from tests.unit.router_core.two_desks import CHAT, SITE, World, desk


def shown(of: Core, live: list[ContactId]) -> DeskView:
    agents = tuple(Agent(id=AgentId(agent), name=agent) for agent in of.state.agents)
    inbox = Inbox(channel=CHAT, id=SITE, address="x")
    return view_of(of.state, Desk(id=of.state.desk, agents=agents, inboxes=(inbox,)), live, Waits({}, {}), NOON)


def test_a_contact_on_its_way_waits_and_then_stands_where_it_went() -> None:
    chat = InboxSettings(channel=CHAT, id=SITE, cost=30, live=True, policy="a-policy")
    one, other = desk("a", "ann-a", inboxes=(chat,)), desk("b", "bob-b")
    world = World(one, other)
    message = one.mail("visitor", presence=Presence.LIVE, inbox=InboxId("site"))
    one.must(type(message)(**{name: getattr(message, name) for name in message.__struct_fields__} | {"channel": CHAT}))
    live = [message.new_contact]
    assert shown(one, live).contacts[live[0]].state == "assigned"
    world.give(live[0], "ann-a", "b")
    on_its_way = shown(one, live).contacts[live[0]]
    assert (on_its_way.state, on_its_way.moved) == ("waiting", False)
    world.settle()
    left = shown(one, live).contacts[live[0]]
    assert (left.state, left.moved, left.agent) == ("waiting", True, None)
    there = shown(other, live).contacts[live[0]]
    assert (there.state, there.moved, there.agent) == ("assigned", False, "bob-b")
    assert other.state.desk == DeskId("b")
