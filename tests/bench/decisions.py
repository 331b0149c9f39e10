"""Decisions a second of the pure core, with few and with many who wait, with one need and with many: mail in, answered,
resolved. In turns, slice by slice, so that all see the same machine; after each slice a bare loop appends the very same
commits to a log.
"""

import asyncio
import gc
import time
from collections.abc import Iterable
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
from router.core.commit import Commit
from router.core.desk_settings import AgentSettings, DeskSettings, InboxSettings, PolicySettings, TargetSettings
from router.core.state import DeskState
from tests.bench.appending import Appending, appending
from tests.bench.desk_log import service_loop
from tests.bench.row import Row

AGENTS = 50
NEEDS = 200
ROUNDS = 10
"""So often each agent answers, in a slice."""

EMAIL, INBOX = ChannelName("email"), InboxId("support")
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
TICK = timedelta(milliseconds=1)
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
        self._now += TICK
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


class Case:
    """A desk on which so many wait, and what has been measured of it: CPU seconds that its decisions took, and that
    appending their commits did.
    """

    def __init__(self, waiting: int, needs: int = 1) -> None:
        settings = SETTINGS if needs == 1 else with_needs(needs)
        self.name = f"{waiting:,} waiting" + ("" if needs == 1 else f" with {needs} needs")
        self.decisions, self.deciding, self.appending = 0, 0.0, 0.0
        self._desk = Desk(settings)
        self._inbox = settings.inboxes[0].id
        self._replies = 0
        for n in range(waiting + AGENTS * 10):
            self._desk.do(self._desk.mail())
            if n % 1000 == 0:
                self._desk.forget()

    @property
    def rate(self) -> float:
        return self.decisions / self.deciding

    @property
    def whole(self) -> float:
        """Of the rate of a loop that only appends, what one has left that decides as well."""
        return self.appending / (self.deciding + self.appending)

    async def slice(self, log: Appending, *, counts: bool = True) -> None:
        """Every agent's turn, some times over. One that does not count makes the processor's caches warm."""
        deciding, commits = 0.0, []
        for _ in range(ROUNDS):
            took, decided = self._decide([command for agent in range(AGENTS) for command in self._cycle(agent)])
            deciding += took
            commits += decided
        appending = await log.append(commits)
        if counts:
            self.decisions += len(commits)
            self.deciding += deciding
            self.appending += appending
        self._desk.forget()

    def _cycle(self, number: int) -> Iterable[DeskCommand]:
        """A mail comes in; an agent answers and resolves what they have had for longest, and is given another one."""
        agent = self._desk.state.agents[AgentId(f"agent-{number}")]
        contact = next(iter(agent.held))
        self._replies += 1
        reply = MessageId(f"r{self._replies:031x}")
        yield self._desk.mail()
        yield SendReply(
            contact=contact, reply=reply, agent=agent.id, channel=EMAIL, inbox=self._inbox, draft=self._replies
        )
        yield ResolveContact(contact=contact, agent=agent.id)

    def _decide(self, commands: list[DeskCommand]) -> tuple[float, list[Commit]]:
        do, commits = self._desk.do, []
        began = time.process_time()
        for command in commands:
            commits.append(do(command).commit)
        took = time.process_time() - began
        assert None not in commits, "each command came to something"
        return took, [commit for commit in commits if commit is not None]


def run(*, quick: bool = False) -> list[Row]:
    with asyncio.Runner(loop_factory=service_loop) as runner:
        return runner.run(_run(quick=quick))


async def _run(*, quick: bool) -> list[Row]:
    sizes = (1_000, 100_000) if quick else (1_000, 100_000, 1_000_000)
    few, *more = plain = [Case(waiting) for waiting in sizes]
    needs = [Case(waiting, NEEDS) for waiting in (1_000, 100_000)]
    gc.collect()
    gc.freeze()  # as whoever takes over does
    async with appending() as log:
        for number in range(11 if quick else 41):
            for case in (*plain, *needs):
                await case.slice(log, counts=number > 0)
    gc.unfreeze()
    cases = [*plain, *needs]
    bare = sum(case.decisions for case in cases) / sum(case.appending for case in cases)
    return [
        *(Row(f"core: decisions a second, {case.name}", case.rate, "1/s") for case in plain),
        *(Row(f"core: {case.name} to {few.name}", case.rate / few.rate, "x") for case in more),
        *(Row(f"core: decisions a second, {case.name}", case.rate, "1/s") for case in needs),
        Row("core: the same commits appended by a bare loop", bare, "1/s"),
        *(Row(f"core: decisions to bare appends, {case.name}", case.appending / case.deciding, "x") for case in cases),
        *(Row(f"core: decided and appended to bare, {case.name}", case.whole, "x") for case in cases),
    ]
