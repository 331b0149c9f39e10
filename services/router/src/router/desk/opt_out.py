"""Customers who want nothing of us that they have not asked for: they say STOP, or an agent says so for them."""

import asyncio

from frontline.contract.ids import CustomerId
from frontline.contract.message import InboundMessage, Presence
from frontline.runtime.bus import Bus, PubAck
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.topology import CUSTOMERS

_WORDS = frozenset({"stop", "stopall", "unsubscribe", "stopp", "abmelden", "arret", "arrêt", "désabonner", "baja"})
"""As the whole of a message. The first three are what carriers of text messages know."""

_UNSUBSCRIBE = "unsubscribe"
"""What the subject is of a mail that List-Unsubscribe has had written (RFC 2369); we say so in `render.py`."""

_LONGEST_NOTE = 100
"""Letters that a mail program puts into such a mail of its own accord."""


def wants_no_more(message: InboundMessage) -> bool:
    """Whether the customer says that they want no check-ins."""
    return _said(message) in _WORDS or _subject(message) == _UNSUBSCRIBE


def says_nothing_else(message: InboundMessage) -> bool:
    """Of one who wants no more: whether that is all, so that nobody has to answer. Who is at the other end and
    waits always has something to say.
    """
    if message.presence is not Presence.AWAY or message.attachments:
        return False
    said = _said(message)
    return said in _WORDS or (_subject(message) == _UNSUBSCRIBE and len(said) <= _LONGEST_NOTE)


class OptOuts:
    """By customer, in `CUSTOMERS`: the log has ids only, and no wishes."""

    def __init__(self, bus: Bus) -> None:
        self._bucket = KeyValue(bus, CUSTOMERS)

    async def holds(self, customer: CustomerId) -> bool:
        """As the stream's leader has it. Raises `Unavailable`."""
        return await self._bucket.get(opt_out_key(customer)) is not None

    async def begin(self, customer: CustomerId) -> asyncio.Future[PubAck]:
        """Start to note that they want no more."""
        return await self._bucket.begin_put(opt_out_key(customer), b"1")

    async def put(self, customer: CustomerId, *, wants_none: bool) -> None:
        await self._bucket.put(opt_out_key(customer), b"1" if wants_none else b"")


def opt_out_key(customer: CustomerId) -> str:
    return f"optout.{customer}"


def _said(message: InboundMessage) -> str:
    return (message.reply_text or message.text).strip().strip(".!").strip().casefold()


def _subject(message: InboundMessage) -> str:
    return message.subject.strip().casefold()
