"""Commands from any replica to a desk's leader, by request and reply on `command.<desk>.<epoch>`.

The epoch in the subject makes a leader that was deposed unreachable by construction.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec
import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from frontline.contract import subject
from frontline.contract.channel import Log
from frontline.contract.error import Unavailable
from frontline.contract.ids import DeskId
from frontline.runtime.bus import Bus
from router.core.command import DeskCommand
from router.core.refusal import Refused
from router.desk.figures import RouterFigures

MOST = 256
_ASK_SECONDS = 5.0


class CommandRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`request` is the idempotency key, made unique by who asked; empty for none. `body` is what the
    asker will answer if this is decided; a repeat of `request` gets the first one's back.
    """

    command: DeskCommand
    request: str = ""
    body: dict[str, Any] = {}


class CommandReply(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`seq` is the log sequence up to which a read has to see to see this command's effect.

    `conflict` and `detail` are those of `Refused`; `unavailable` asks for another try.
    """

    seq: int = 0
    body: dict[str, Any] = {}
    conflict: str = ""
    detail: str = ""
    unavailable: bool = False


_encode = msgspec.json.Encoder().encode
_decode_request = msgspec.json.Decoder(CommandRequest).decode
_decode_reply = msgspec.json.Decoder(CommandReply).decode

Decide = Callable[[CommandRequest], Awaitable[CommandReply]]


async def ask(bus: Bus, desk: DeskId, epoch: int, request: CommandRequest) -> CommandReply:
    """Have the leader of `epoch` decide. Raises `Refused`; `Unavailable` when there is no answer,
    which does not say that nothing was decided: ask again with the same `request`.
    """
    answer = await bus.request(subject.command(desk, epoch), _encode(request), timeout=_ASK_SECONDS)
    reply = _decode_reply(answer.data)
    if reply.unavailable:
        raise Unavailable(reply.detail, retry_after=1)
    if reply.conflict:
        raise Refused(reply.conflict, reply.detail)
    return reply


class CommandPort:
    """The leader's end: takes requests while it runs, at most `MOST` at once."""

    def __init__(self, bus: Bus, desk: DeskId, epoch: int, decide: Decide, *, figures: RouterFigures, log: Log) -> None:
        self._bus = bus
        self._desk = desk
        self._figures = figures
        self._log = log
        self._subject = subject.command(desk, epoch)
        self._decide = decide
        self._queue: asyncio.Queue[Msg] = asyncio.Queue(MOST)
        self._subscription: Subscription | None = None

    async def run(self) -> None:
        """Answer until cancelled. Raises `Unavailable` if it can't listen. A request beyond those is told to come again."""
        self._subscription = await self._bus.subscribe(self._subject, self._take)
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(16):
                    tasks.create_task(self._work())
        finally:
            await self._close()

    async def finish(self) -> None:
        """Take no more, and wait until what was taken is answered, for a while."""
        await self._close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_ASK_SECONDS):
                await self._queue.join()

    async def _close(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None and self._bus.connected:
            with suppress(nats.errors.Error):
                await subscription.unsubscribe()

    async def _take(self, msg: Msg) -> None:
        try:
            self._queue.put_nowait(msg)
        except asyncio.QueueFull:
            late = CommandReply(unavailable=True, detail="the desk has too much to decide")
            await self._respond(msg, late)

    async def _work(self) -> None:
        while True:
            msg = await self._queue.get()
            try:
                await self._respond(msg, await self._answer(msg))
            finally:
                self._queue.task_done()

    async def _respond(self, msg: Msg, reply: CommandReply) -> None:
        if not await self._bus.respond(msg, _encode(reply)):
            self._figures.unanswered(self._desk)
            self._log.warning("desk.answer_not_sent", desk=self._desk, seq=reply.seq)

    async def _answer(self, msg: Msg) -> CommandReply:
        try:
            request = _decode_request(msg.data)
        except msgspec.DecodeError as error:
            return CommandReply(conflict="malformed", detail=str(error))
        try:
            return await self._decide(request)
        except Refused as refused:
            return CommandReply(conflict=refused.conflict, detail=refused.detail)
        except Unavailable as unavailable:
            return CommandReply(unavailable=True, detail=unavailable.detail)
