"""Decisions a second of the pure core, with few and with many who wait, with one need and with many: mail in, answered,
resolved.
"""

import gc
import time
from datetime import UTC, datetime, timedelta

import msgspec

from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, InboxId, KeyHash, MessageId
from router.core.advance import Step, advance
from router.core.command import (
    ApplySettings,
    DeskCommand,
    RaiseIndexFloor,
    ReceiveMessage,
    ResolveContact,
    SendReply,
)
from router.core.desk_settings import AgentSettings, DeskSettings, InboxSettings, PolicySettings, TargetSettings
from router.core.state import DeskState
from tests.bench.row import Row

AGENTS = 50
NEEDS = 200
EMAIL, INBOX = ChannelName("email"), InboxId("support")
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
SETTINGS = DeskSettings(
    version=1,
    agents=tuple(AgentSettings(id=AgentId(f"agent-{n}"), available=True) for n in range(AGENTS)),
    inboxes=(InboxSettings(channel=EMAIL, id=INBOX),),
    policies=(
        PolicySettings(
            id="standard",
            version=1,
            calendar="always",
            targets=(TargetSettings(target="first_response", within=timedelta(days=2)),),
        ),
    ),
)


def with_needs(needs: int) -> DeskSettings:
    """So many inboxes, each of which asks for a skill of its own; everybody has them all."""
    skills = tuple(f"skill-{n}" for n in range(needs))
    return msgspec.structs.replace(
        SETTINGS,
        agents=tuple(msgspec.structs.replace(agent, skills=skills) for agent in SETTINGS.agents),
        inboxes=tuple(InboxSettings(channel=EMAIL, id=InboxId(skill), skills=(skill,)) for skill in skills),
    )


class Desk:
    """A desk whose clock goes on by a millisecond a command."""

    def __init__(self, settings: DeskSettings = SETTINGS) -> None:
        self.state = DeskState(DeskId("support"))
        self._now = START
        self._mails = 0
        self._inboxes = [inbox.id for inbox in settings.inboxes]
        self.do(ApplySettings(settings=settings))

    def do(self, command: DeskCommand) -> Step:
        self._now += timedelta(milliseconds=1)
        return advance(self.state, command, self._now, epoch=1, index=self.state.index + 1)

    def mail(self) -> ReceiveMessage:
        self._mails += 1
        n = self._mails
        return ReceiveMessage(
            message=MessageId(f"m{n:031x}"),
            key=KeyHash(f"{n:040x}"),
            channel=EMAIL,
            inbox=self._inboxes[n % len(self._inboxes)],
            customer=CustomerId(f"u{n % 5000:040x}"),
            at=self._now,
            new_contact=ContactId(f"c{n:031x}"),
            binds=(KeyHash(f"{n:039x}b"),),
        )

    def forget(self) -> None:
        """As when the indexes have caught up."""
        self.do(RaiseIndexFloor(epoch=1, index=self.state.index))


def run(*, quick: bool = False) -> list[Row]:
    few, *more = (1_000, 100_000) if quick else (1_000, 100_000, 1_000_000)
    cycles = 5_000 if quick else 20_000
    rates = {waiting: _rate(waiting, cycles) for waiting in (few, *more)}
    needs = {waiting: _rate(waiting, cycles, with_needs(NEEDS)) for waiting in (few, 100_000)}
    return [
        *(Row(f"core: decisions a second, {waiting:,} waiting", rate, "1/s") for waiting, rate in rates.items()),
        *(Row(f"core: {waiting:,} waiting to {few:,}", rates[waiting] / rates[few], "x") for waiting in more),
        *(
            Row(f"core: decisions a second, {waiting:,} waiting with {NEEDS} needs", rate, "1/s")
            for waiting, rate in needs.items()
        ),
    ]


def _rate(waiting: int, cycles: int, settings: DeskSettings = SETTINGS) -> float:
    """Commands a second of CPU time; each cycle is three."""
    desk = Desk(settings)
    for n in range(waiting + AGENTS * 10):
        desk.do(desk.mail())
        if n % 1000 == 0:
            desk.forget()
    gc.collect()
    gc.freeze()
    agents, inbox = list(desk.state.agents.values()), settings.inboxes[0].id
    spent = 0.0
    for n in range(cycles):
        agent = agents[n % AGENTS]
        contact = next(iter(agent.held))
        commands: tuple[DeskCommand, ...] = (
            desk.mail(),
            SendReply(
                contact=contact, reply=MessageId(f"r{n:031x}"), agent=agent.id, channel=EMAIL, inbox=inbox, draft=n
            ),
            ResolveContact(contact=contact, agent=agent.id),
        )
        began = time.process_time()
        for command in commands:
            desk.do(command)
        spent += time.process_time() - began
        if n % 1000 == 0:
            desk.forget()
    gc.unfreeze()
    return 3 * cycles / spent
