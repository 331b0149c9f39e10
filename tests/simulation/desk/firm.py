"""The desk that is simulated. All times are short, so that everything comes due within seconds."""

from datetime import timedelta
from random import Random

import msgspec

from frontline.configuration.model import Agent, Configuration, Desk, Inbox
from frontline.configuration.policy import Pauses, Policy
from frontline.configuration.routing import Ring
from frontline.configuration.shift import Shift
from frontline.contract.ids import AgentId, ChannelName, DeskId, InboxId
from frontline.runtime.signing import Signer
from frontline.runtime.topology import topology

SUPPORT = DeskId("support")
EMAIL, CHAT = ChannelName("email"), ChannelName("chat")
MAIL, FRENCH, ASKED, TALK = InboxId("mail"), InboxId("french"), InboxId("asked"), InboxId("talk")
SIGNER = Signer(b"the secret of the simulation")
WITHIN = timedelta(seconds=6)
NEXT_WITHIN = timedelta(seconds=4)
RESOLVED_WITHIN = timedelta(seconds=9)
WRAP_UP = timedelta(seconds=2)

DESK = Desk(
    id=SUPPORT,
    agents=(
        Agent(id=AgentId("ann"), name="Agent 1", capacity=40, skills=("french",), available=True),
        Agent(id=AgentId("bob"), name="Agent 2", capacity=30, available=True),
        Agent(id=AgentId("cid"), name="Agent 3", capacity=20),
    ),
    inboxes=(
        Inbox(channel=EMAIL, id=MAIL, address="mail@desk.example"),
        Inbox(channel=EMAIL, id=FRENCH, address="french@desk.example", skills=("french",), lane="vip"),
        Inbox(channel=EMAIL, id=ASKED, address="asked@desk.example", offer=True, offer_for=timedelta(seconds=2)),
        Inbox(
            channel=CHAT,
            id=TALK,
            address="talk",
            cost=20,
            offer_for=timedelta(seconds=3),
            wrap_up=WRAP_UP,
            sticky_for=timedelta(seconds=1),
        ),
    ),
    shifts=(
        Shift(id="morning", begins="08:00", ends="12:00", agents=(AgentId("bob"),), available=True),
        Shift(id="noon", begins="12:00", ends="12:01", agents=(AgentId("cid"),), available=True),
    ),
    rings=(
        Ring(),
        Ring(after=timedelta(seconds=3), skills=False),
        Ring(after=timedelta(seconds=4), skills=False, off_duty=True),
    ),
    age_after=timedelta(seconds=5),
    alarm_after=timedelta(seconds=2),
    offline_grace=timedelta(seconds=1),
    reopen_for=timedelta(hours=1),
)
CONFIGURATION = Configuration(
    version=1,
    desks=(DESK,),
    policies=(
        Policy(
            id="standard",
            first_response=WITHIN,
            next_response=NEXT_WITHIN,
            resolution=RESOLVED_WITHIN,
            pauses=Pauses(
                first_response=("waiting_customer", "waiting_third_party"),
                next_response=("waiting_customer",),
                resolution=("waiting_customer", "waiting_third_party"),
            ),
        ),
    ),
)


def changed(version: int, random: Random, configuration: Configuration = CONFIGURATION) -> Configuration:
    """Another version: somebody is gone or has less room, offers and rings have other times."""
    before = configuration.desks[0]
    agents = tuple(
        msgspec.structs.replace(agent, capacity=random.choice((agent.capacity, 10, 40)))
        for agent in before.agents
        if agent.id != "cid" or random.random() < 0.6
    )
    known = {agent.id for agent in agents}
    desk = msgspec.structs.replace(
        before,
        agents=agents,
        shifts=tuple(shift for shift in before.shifts if set(shift.agents) <= known),
        rings=before.rings[: random.choice((2, 3))],
        alarm_after=timedelta(seconds=random.choice((1, 2))),
    )
    return msgspec.structs.replace(configuration, version=version, desks=(desk,))


TOPOLOGY = topology([EMAIL, CHAT], [SUPPORT])
