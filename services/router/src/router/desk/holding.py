"""The inboxes of one channel that a desk has in hand: what its consumer takes follows what its log says.

A consumer's filter is the claim on an inbox, since the server lets no two have one. An inbox is given up in this order:
nothing of it is taken in any more, `InboxReleased` counts, the indexes hold all that was decided, and then its filter
goes. It is taken the other way round: the filter first, then the desk forgets the keys that the indexes hold, then
`InboxTaken`, and then the first message. A consumer that is made anew has no filter for a moment, in which another desk
may take any of its inboxes, by settings that are behind: so all of them are given up before. The server does not ask who
removes a consumer, or when that was sent: what comes late from a leader of before may take away its successor's. So what
the log has and no filter claims is given up as well, as soon as it is seen. Each step is found again from what stands in
the log and at the server, so a leader may end between any two.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.error import Unavailable
from frontline.contract.ids import ChannelName, DeskId, InboxId
from frontline.runtime import consumers
from frontline.runtime.bus import Bus
from frontline.runtime.pull import ensure_consumer
from router.core.command import DeskCommand, RaiseIndexFloor, ReleaseInboxes, TakeInboxes
from router.core.overlay import Position
from router.core.refusal import Refused
from router.desk.loop import DeskLoop, Work

ACK_WAIT_SECONDS = 5.0
LOOK_SECONDS = 15.0
"""Whether the filters still are as they should be: one who led before may wake up and put back theirs."""

_AWAITED_SECONDS = 1.0
MOVES = "moves"
"""The cause of what is decided here."""


@dataclass(frozen=True, slots=True)
class Fit:
    """`takes` are the subjects that the desk's consumer is to have, `awaited` those of its inboxes that another
    desk has still. `anew`: the consumer has others, and has to be made anew, for it never goes back to what came
    in before it was given a subject.
    """

    takes: frozenset[str]
    awaited: frozenset[str]
    anew: bool


def fit(wanted: Iterable[str], ours: frozenset[str] | None, others: frozenset[str]) -> Fit:
    """What a consumer with the subjects `ours` (`None`: there is none) is to become, when `others` are taken."""
    wished = frozenset(wanted)
    takes = wished - others
    return Fit(takes, wished & others, anew=ours is not None and ours != takes)


class Holding:
    """Of one desk and channel; its leader's. `told` waits until effects have come up to a position of the log."""

    def __init__(
        self,
        bus: Bus,
        desk: DeskId,
        channel: ChannelName,
        loop: DeskLoop,
        told: Callable[[Position], Awaitable[None]],
        log: Log,
        *,
        max_ack_pending: int,
    ) -> None:
        self._bus = bus
        self._stream = subject.inbox_stream(channel)
        self._durable = subject.desk_consumer(desk)
        self._desk = desk
        self._channel = channel
        self._loop = loop
        self._told = told
        self._log = log
        self._max_ack_pending = max_ack_pending
        self._settings = -1
        self._takes: frozenset[str] = frozenset()
        self.awaited: frozenset[str] = frozenset()
        self.stale = asyncio.Event()
        """Set when there is something to put right; `settle` clears it."""
        self._settled = asyncio.Event()
        self._woken = asyncio.Event()

    def has(self, inbox: InboxId) -> bool:
        """Whether the desk has said that it decides what comes in there."""
        return (self._channel, inbox) in self._loop.state.holdings.taken

    def look(self) -> None:
        """The settings have changed, or may have."""
        self._woken.set()

    async def settle(self) -> bool:
        """Bring log and consumer to where the settings want them, as far as other desks allow; nobody may pull
        meanwhile. Gives whether there is anything to pull. Raises `Unavailable`, `Deposed`.
        """
        self.stale.clear()
        while True:
            try:
                await self._settle()
                break
            except Refused:
                continue  # the settings have changed since we looked
        self._settled.set()
        return bool(self._takes)

    async def _settle(self) -> None:
        state = self._loop.state
        self._settings = state.settings.version
        wanted = [inbox for channel, inbox in state.inboxes if channel == self._channel]
        plan, claimed = await self._plan(wanted)
        has = [key for key in state.holdings.taken if key[0] == self._channel]
        gone = [key for key in has if plan.anew or key[1] not in wanted or self._subject(key[1]) not in claimed]
        if gone:
            await self._decide(ReleaseInboxes(inboxes=tuple(gone)))
        if plan.anew:
            await self._loop.counted()
            await self._told((state.epoch, state.index))
            await consumers.remove(self._bus, self._stream, self._durable)
        if plan.takes:
            await ensure_consumer(
                self._bus,
                self._stream,
                self._durable,
                filters=sorted(plan.takes),
                ack_wait=ACK_WAIT_SECONDS,
                max_ack_pending=self._max_ack_pending,
            )
        taken = [(self._channel, each) for each in wanted if self._subject(each) in plan.takes and not self.has(each)]
        if taken:
            await self._forget_keys()
            await self._decide(TakeInboxes(inboxes=tuple(taken)))
        if plan.awaited != self.awaited and plan.awaited:
            self._log.info("intake.awaits", desk=self._desk, inboxes=sorted(plan.awaited))
        if gone or taken:
            self._log.info("intake.moved", desk=self._desk, channel=self._channel, taken=len(taken), released=len(gone))
        self._takes, self.awaited = plan.takes, plan.awaited

    async def watch(self) -> None:
        """Say when there is something to put right, until cancelled."""
        while True:
            await self._settled.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(_AWAITED_SECONDS if self.awaited else LOOK_SECONDS):
                    await self._woken.wait()
            self._woken.clear()
            with suppress(Unavailable):
                if await self._outdated():
                    self._settled.clear()
                    self.stale.set()

    async def _outdated(self) -> bool:
        state = self._loop.state
        if state.settings.version != self._settings:
            return True
        plan, claimed = await self._plan(inbox for channel, inbox in state.inboxes if channel == self._channel)
        return plan.anew or plan.takes != self._takes or not plan.takes <= claimed

    async def _plan(self, wanted: Iterable[InboxId]) -> tuple[Fit, frozenset[str]]:
        """What is to become of the consumer, and what it claims as it is."""
        found = dict(await consumers.filters(self._bus, self._stream))
        ours = found.pop(self._durable, None)
        return fit(map(self._subject, wanted), ours, frozenset().union(*found.values())), ours or frozenset()

    async def _forget_keys(self) -> None:
        """Leave it to the indexes what the desk remembers of keys: whoever has had the inbox may have bound them since
        to contacts of their own, and what we remember of them would be taken for younger.
        """
        state = self._loop.state
        epoch, index = state.epoch, state.index
        if state.overlay.reaches((epoch, index)):
            await self._loop.counted()
            await self._told((epoch, index))
            await self._decide(RaiseIndexFloor(epoch=epoch, index=index))

    async def _decide(self, command: DeskCommand) -> None:
        await (await self._loop.submit(Work(command, cause=MOVES)))

    def _subject(self, inbox: InboxId) -> str:
        return subject.inbound(self._channel, inbox)
