"""Who was told "accepted" of what, and what had to be sent again until then."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

_TRIES = 400
_BETWEEN_TRIES = 0.1
_REPEATS = 0.1


class PutOff(Exception):
    """The sender was asked to come again, with this status of its protocol."""


class CutOff(Exception):
    """The connection ended, or could not be had, without an answer."""


class Gone(AssertionError):
    """A sender was told something by which it would give up: its message would be lost."""


Attempt = Callable[[], Awaitable[None]]
"""Returns when the other side has said that it is stored; raises `PutOff` or `CutOff`."""


@dataclass(slots=True)
class Ledger:
    """`said` is what each customer was told to have been accepted: by channel and address, in order."""

    chance: random.Random
    said: defaultdict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    accepted: Counter[str] = field(default_factory=Counter)
    put_off: Counter[str] = field(default_factory=Counter)
    cut_off: Counter[str] = field(default_factory=Counter)
    repeated: Counter[str] = field(default_factory=Counter)

    async def insist(self, channel: str, address: str, text: str, attempt: Attempt) -> None:
        """Make the same attempt until it is accepted; now and then once more, as whoever missed the answer."""
        await self._until_accepted(channel, text, attempt)
        self.said[channel, address].append(text)
        self.accepted[channel] += 1
        if self.chance.random() < _REPEATS:
            await self._until_accepted(channel, text, attempt)
            self.repeated[channel] += 1

    async def _until_accepted(self, channel: str, text: str, attempt: Attempt) -> None:
        for _ in range(_TRIES):
            try:
                await attempt()
            except PutOff as answer:
                self.put_off[f"{channel} {answer}"] += 1
            except CutOff:
                self.cut_off[channel] += 1
            else:
                return
            await asyncio.sleep(_BETWEEN_TRIES)  # the sender's own retry, not a wait for a result
        raise Gone(f"{channel}: {text!r} was never taken; put off: {dict(self.put_off)}, cut off: {dict(self.cut_off)}")
