"""How the caller of a contact waits, from what stands in its transcript.

What the process remembers may be gone after a restart, and another replica never knew it.
"""

import asyncio
from contextlib import aclosing
from datetime import datetime

import msgspec

from frontline.contract.channel import Conversations
from frontline.contract.error import Unavailable
from frontline.contract.ids import ContactId, InboxId
from frontline.contract.transcript import ItemKind, TranscriptItem
from intake_phone.normalize import CHANNEL, is_sid


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """`line` is the CallSid of who is on the line, `asked` that of who hung up and is to be called back
    at `number`; "" where there is none. `tries` are the agent's own calls in which that failed, at `tried` last;
    `inbox` is where they had called; `talking` is the CallSid of who was called back and is on the line now.
    """

    line: str = ""
    asked: str = ""
    number: str = ""
    tries: tuple[str, ...] = ()
    tried: datetime | None = None
    inbox: InboxId | None = None
    talking: str = ""

    def __bool__(self) -> bool:
        return bool(self.line or self.asked)


NOBODY = Waits()


def after(waits: Waits, item: TranscriptItem) -> Waits:
    """How they wait after `item`. Somebody who rings again while they are to be called back is both."""
    call = item.native_id
    if item.kind is not ItemKind.CALL or item.channel != CHANNEL or not is_sid(call):
        return waits
    state = item.native.get("call")
    if state == "began":
        return msgspec.structs.replace(waits, line=call)
    if state == "call_back":
        who = item.author.identity
        return Waits(asked=call, number=who.address if who else "", inbox=item.inbox)
    if state == "not_reached":
        return msgspec.structs.replace(waits, tries=(*waits.tries, str(item.native.get("leg", ""))), tried=item.at)
    if state == "answered":
        return Waits(line=waits.line, talking=call if item.native.get("back") else "")
    if state in {"called_back", "given_up"}:
        return Waits(line=waits.line)
    if state in {"left_queue", "ended"} and waits.line == call:
        return msgspec.structs.replace(waits, line="")
    return waits


async def waits_of(
    conversations: Conversations, contact: ContactId, *, patience: float, until_somebody: bool = False
) -> Waits | None:
    """As the transcript tells it, `None` when it can't be read in time. With `until_somebody` it is read on
    until somebody waits: an offer may be told before its call's line is written.
    """
    waits, complete = NOBODY, False
    try:
        async with asyncio.timeout(patience), aclosing(conversations.follow(contact, 0)) as batches:
            async for batch in batches:
                complete = complete or not batch
                for line in batch:
                    waits = after(waits, line.item)
                if complete and (waits or not until_somebody):
                    return waits
    except (TimeoutError, Unavailable):
        return waits if complete else None
    return waits
