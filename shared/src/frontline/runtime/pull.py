"""Taking messages from a durable consumer, in batches, with one pull under way at a time.

nats-py's `fetch` waits in a way that may swallow a cancellation (see `bus.Replies.next`) and is
half as fast.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import nats.errors
from nats.aio.msg import Msg

from frontline.contract.error import Unavailable
from frontline.runtime.bus import Bus

_SOON = 0.6
"""Whoever had it stands still maybe, with a pull open that takes whatever is handed out again: not more often than it
has to be, for what was delivered too often is put aside.
"""
_NOTICED = _SOON + 0.4
"""By then it is handed out again: at the latest `_SOON` after the server was told, and a busy machine's timers are late.
Neither its answers nor its figures change when it has done so. Who is too early loses no message, only the order: it comes
once its time is up, behind later ones.
"""
_EXPIRES = 5.0
_GRACE = 2.0
_NANO = 1_000_000_000


class _Pull(msgspec.Struct):
    batch: int
    expires: int


class _Info(msgspec.Struct):
    num_ack_pending: int = 0
    error: dict[str, Any] | None = None


async def ensure_consumer(
    bus: Bus, stream: str, durable: str, *, filters: Sequence[str], ack_wait: float, max_ack_pending: int
) -> None:
    """Create the consumer or bring it up to date. `ack_wait` in seconds. Raises `Unavailable`.

    Whoever calls is the only one who takes messages from it. What was handed out before and is not acknowledged
    is handed out again, ahead of all that came later: without this it would come when its time is up, behind them.
    """
    config: dict[str, Any] = {
        "durable_name": durable,
        "ack_policy": "explicit",
        "max_ack_pending": max_ack_pending,
        "filter_subjects": list(filters),
    }

    async def put(wait: float) -> int:
        told = {"stream_name": stream, "config": {**config, "ack_wait": int(wait * _NANO)}}
        ask = msgspec.json.encode(told)
        answer = await bus.request(f"$JS.API.CONSUMER.CREATE.{stream}.{durable}", ask)
        info = msgspec.json.decode(answer.data, type=_Info)
        if info.error is not None:
            raise Unavailable(f"consumer {durable} on {stream}: {info.error.get('description', '')}")
        return info.num_ack_pending

    if await put(ack_wait):
        # The server looks at all that is out when the time that it may be out changes.
        await put(_SOON)
        await asyncio.sleep(_NOTICED)
        await put(ack_wait)


async def pull(bus: Bus, stream: str, durable: str, room: Callable[[], int]) -> AsyncGenerator[list[Msg], None]:
    """Messages as they come, never more than `room()` at a time, until closed; each has to be
    acknowledged. Raises `Unavailable` when the consumer or the bus is gone.
    """
    subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
    async with bus.deliveries() as replies:
        while True:
            left = room()
            await replies.ask(subject, msgspec.json.encode(_Pull(left, int(_EXPIRES * _NANO))))
            while left:
                batch = [await replies.next(_EXPIRES + _GRACE)]
                while replies.waiting() and len(batch) < left:
                    batch.append(await replies.next(0))
                messages = [msg for msg in batch if msg.reply]
                left -= len(messages)
                ended = [msg for msg in batch if not msg.reply]
                if messages:
                    yield messages
                if ended:
                    _check(ended[-1])
                    break


def _check(status: Msg) -> None:
    """A pull ends by itself when its time is up (408) or nothing is there (404); else something is wrong."""
    code = (status.headers or {}).get("Status", "")
    if code not in ("404", "408"):
        raise Unavailable(f"the consumer is gone: {code}")


async def quietly(settling: Awaitable[None]) -> None:
    """Await what may fail because the connection went away; the redelivery makes it good."""
    with suppress(nats.errors.Error, ConnectionError):
        await settling
