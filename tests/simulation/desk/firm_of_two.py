"""Two desks that share their channels, and inboxes that the configuration gives to the one or to the other."""

from collections.abc import Mapping
from datetime import timedelta
from random import Random

import msgspec

from frontline.configuration.check_in import CheckIn
from frontline.configuration.escalation import Escalation
from frontline.configuration.model import Agent, Configuration, Desk, Inbox
from frontline.configuration.policy import Raise
from frontline.configuration.shift import Shift
from frontline.contract.ids import AgentId, DeskId, InboxId
from frontline.runtime.topology import topology
from tests.simulation.desk.firm import ASKED, CHAT, CONFIGURATION, DESK, EMAIL, FRENCH, MAIL, SUPPORT, TALK

SALES = DeskId("sales")
DESKS = (SUPPORT, SALES)
ORDERS = InboxId("orders")
MOVING = (ASKED, FRENCH, TALK)
"""Inboxes that may be given to the other desk."""
AT_FIRST: Mapping[InboxId, DeskId] = {MAIL: SUPPORT, ASKED: SUPPORT, FRENCH: SUPPORT, TALK: SUPPORT, ORDERS: SALES}
INBOXES = tuple(AT_FIRST)
WRITTEN_TO = tuple(inbox for inbox in INBOXES if inbox != TALK)
TRANSFER_WITHIN = timedelta(seconds=3)
RAISES = (Raise(target="first_response", at=0.8, lane="vip"),)
ESCALATIONS = (
    Escalation(target="first_response", at=0.5, widen="next", reoffer=True),
    Escalation(target="first_response", at=1.0, widen="all", notify=("desk",)),
    Escalation(target="next_response", at=0.8, reoffer=True, notify=("holder",)),
    Escalation(target="next_response", at=1.0, notify=("holder", "leads")),
    Escalation(target="resolution", at=1.0, notify=("leads",)),
)
TOPOLOGY = topology([EMAIL, CHAT], DESKS)

_INBOXES = {inbox.id: inbox for inbox in DESK.inboxes} | {
    ORDERS: Inbox(channel=EMAIL, id=ORDERS, address="orders@desk.example")
}
_SUPPORT = msgspec.structs.replace(DESK, transfer_within=TRANSFER_WITHIN)
_SALES = msgspec.structs.replace(
    DESK,
    id=SALES,
    agents=(
        Agent(id=AgentId("dee"), name="Agent 4", capacity=40, available=True),
        Agent(id=AgentId("eve"), name="Agent 5", capacity=30, available=True),
    ),
    shifts=(Shift(id="noon", begins="12:00", ends="12:01", agents=(AgentId("eve"),), available=True),),
    transfer_within=TRANSFER_WITHIN,
)


def configuration(
    version: int,
    owners: Mapping[InboxId, DeskId],
    random: Random,
    *,
    escalating: bool = False,
    check_ins: tuple[CheckIn, ...] = (),
) -> Configuration:
    """Each inbox is with its owner; somebody has more or less room than before. `escalating`: a warning or a breach
    comes to something. `check_ins` are the rules of both desks.
    """
    policies = CONFIGURATION.policies
    if escalating:
        policies = tuple(msgspec.structs.replace(each, raises=RAISES, escalations=ESCALATIONS) for each in policies)
    return msgspec.structs.replace(
        CONFIGURATION,
        version=version,
        policies=policies,
        desks=tuple(
            msgspec.structs.replace(_with(desk, owners, random if version > 1 else None), check_ins=check_ins)
            for desk in (_SUPPORT, _SALES)
        ),
    )


def _with(desk: Desk, owners: Mapping[InboxId, DeskId], random: Random | None) -> Desk:
    return msgspec.structs.replace(
        desk,
        inboxes=tuple(_INBOXES[inbox] for inbox in INBOXES if owners[inbox] == desk.id),
        agents=tuple(
            msgspec.structs.replace(agent, capacity=random.choice((agent.capacity, 10, 40)) if random else 40)
            for agent in desk.agents
        ),
    )
