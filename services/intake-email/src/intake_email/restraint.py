"""Automatic mail is limited by count, whatever its headers say: two machines that answer each other stop by themselves.

It is the last of several guards; the desk decides what is sent at all. The count is that of all processes together
and outlives each of them: it stands where channels note how far they have come, under no address but an HMAC of it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from frontline.contract.channel import Checkpoints
from frontline.contract.error import Unavailable
from frontline.contract.ids import MessageId

WINDOW = timedelta(days=1)
PURPOSE = "automatic mail"
_TRIES = 20


class Sent(msgspec.Struct, frozen=True, array_like=True):
    """One automatic mail to one address, which stands here by its HMAC."""

    who: str
    at: datetime
    message: MessageId


_decode = msgspec.json.Decoder(tuple[Sent, ...]).decode
Counted = tuple[Sent, ...]


class Restraint:
    """At most `most` automatic mails to one address within a day. `sign` is the host's, for `PURPOSE`."""

    def __init__(self, most: int, checkpoints: Checkpoints, sign: Callable[[bytes], bytes]) -> None:
        self._most = most
        self._checkpoints = checkpoints
        self._sign = sign

    async def allows(self, message: MessageId, addresses: Iterable[str], now: datetime) -> bool:
        """Whether this message may go to all of them; one that was allowed before is, and counts once. Raises
        `Unavailable` where that can't be told now: the mail can wait.
        """
        wanted = [self._sign(address.lower().encode()).hex()[:32] for address in dict.fromkeys(addresses)]
        for who in wanted:
            if counted(who, message, await self._present(who), self._most, now) is None:
                return False
        for who in wanted:
            if not await self._count(who, message, now):
                return False
        return True

    async def _present(self, who: str) -> Counted:
        mark = await self._checkpoints.get(_key(who))
        return () if mark is None else _decode(mark.value)

    async def _count(self, who: str, message: MessageId, now: datetime) -> bool:
        for _ in range(_TRIES):
            mark = await self._checkpoints.get(_key(who))
            before = () if mark is None else _decode(mark.value)
            after = counted(who, message, before, self._most, now)
            if after is None:
                return False
            over = 0 if mark is None else mark.revision
            if after == before or await self._checkpoints.put(_key(who), msgspec.json.encode(after), over) is not None:
                return True
        raise Unavailable("too many automatic mails at once to count them")


def _key(who: str) -> str:
    """A few thousand keys hold all addresses, so that none stays behind for each that ever wrote."""
    return f"automatic.{who[:3]}"


def counted(who: str, message: MessageId, before: Sequence[Sent], most: int, now: datetime) -> Counted | None:
    """What is counted with this mail, `None` if it is one too many. What is older than a day is forgotten."""
    recent = tuple(sent for sent in before if sent.at > now - WINDOW)
    known = {sent.message for sent in recent if sent.who == who}
    if message in known:
        return tuple(before)
    return None if len(known) >= most else (*recent, Sent(who, now, message))
