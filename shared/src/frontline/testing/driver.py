"""What the author of a channel tells the contract kit: how a sender speaks to it, and what the far end got."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

NOT_DECLARED = "this channel does not declare"
"""How the reason begins for which the kit skips a promise."""

Listeners = Mapping[str, str]
"""Where the channel said that it listens: name -> `host:port` or URL."""


class Told(StrEnum):
    """What a sender can be told about a message, whatever the protocol."""

    ACCEPTED = "accepted"
    REFUSED = "refused for good"
    TRY_AGAIN = "to try again"
    NOTHING = "nothing"
    """The connection ended without an answer."""


class Answer(NamedTuple):
    """What a sender was told; `status` is the protocol's own word for it: `250`, `413`, `1013`."""

    told: Told
    status: str = ""

    def __str__(self) -> str:
        return f"{self.told} ({self.status})" if self.status else str(self.told)


class Sent(NamedTuple):
    """A reply as the far end has it. `id` is what the far end tells one reply from another by."""

    id: str
    text: str
    files: tuple[bytes, ...] = ()


class Driver(Protocol):
    """A customer's side of the channel, over its real transport."""

    settings: Mapping[str, str]
    """What an operator would put into the environment (`FRONTLINE_...`); ports are 0."""
    secrets: Sequence[str]
    """What stands in `settings` and must never be seen."""
    address: str
    """Of the inbox that all payloads go to, as a configuration would have it."""
    payloads: Sequence[bytes]
    """Recorded payloads, two at least: each is another message of a customer."""
    malformed: Sequence[bytes]
    """What no sender should send."""
    limit: int
    """The largest payload that `settings` allow, in bytes; small, so that much more than it can be sent."""
    grace: float
    """How long, by `settings`, work in hand may take after a stop; seconds."""

    async def send(self, listeners: Listeners, payload: bytes) -> Answer:
        """Send it as a sender would. May raise what the connection raises: that is `Told.NOTHING`."""
        ...

    async def send_oversized(self, listeners: Listeners, size: int) -> Answer:
        """Send `size` bytes that would otherwise be a payload, in pieces and without a word about
        their number, until all are sent or an answer comes.
        """
        ...


class FarEnd(Protocol):
    """Where replies go. Asked for by the promises of a channel that delivers them: `driver.far_end`."""

    def sent(self) -> Sequence[Sent]:
        """Everything that was taken, the oldest first, repeats included."""
        ...

    def answer_next(self, told: Told) -> None:
        """Meet the next reply with a refusal, or with a failure that may pass; then take them again."""
        ...


class DeliveringDriver(Driver, Protocol):
    """The driver of a channel that delivers replies."""

    far_end: FarEnd
