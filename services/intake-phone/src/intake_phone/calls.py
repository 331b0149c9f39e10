"""The calls that are going on here, as far as this process has seen them. Everything that must not be
forgotten stands in the desk's log and the transcript; what is here makes the words better.
"""

import asyncio
from collections import OrderedDict
from contextlib import aclosing
from dataclasses import dataclass, field

from frontline.contract.channel import Conversations, Host, Inbox, Receive
from frontline.contract.clock import Clock
from frontline.contract.deskview import DeskView, Standing
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import ContactId, DeskId
from frontline.contract.transcript import ItemKind
from intake_phone.normalize import CHANNEL, Form, Outcome, Party, began, call_key, ended, is_sid, party, sid
from intake_phone.rest import NoAnswer, Rest

_MOST = 10_000
_LOOK_SECONDS = 1.0
_FIND_SECONDS = 10.0
_LEAVING_SECONDS = 3.0


@dataclass(slots=True, eq=False)
class Call:
    """`connecting`: an agent was given the caller; `left`: set once we know how the waiting ended."""

    party: Party
    desk: DeskId
    contact: ContactId | None = None
    connecting: bool = False
    bridged: bool = False
    recorded: bool = False
    left: asyncio.Event = field(default_factory=asyncio.Event)


class Calls:
    def __init__(self, host: Host, rest: Rest, receive: Receive, region: str, clock: Clock) -> None:
        self._host = host
        self._rest = rest
        self._receive = receive
        self._region = region
        self._clock = clock
        self._calls: OrderedDict[str, Call] = OrderedDict()

    def known(self, call: str) -> Call | None:
        return self._calls.get(call)

    def take(self, form: Form, inbox: Inbox) -> Call:
        """The call of a webhook that says who is calling."""
        found = self._calls.get(sid(form, "CallSid"))
        if found is None:
            found = Call(party(form, inbox.inbox, self._region), DeskId(inbox.desk))
            self._calls[found.party.call] = found
            if len(self._calls) > _MOST:
                self._calls.popitem(last=False)
        return found

    async def found(self, form: Form, inbox: Inbox) -> Call:
        """The call of a callback that says its SID only: from memory, else as Twilio tells it."""
        call = sid(form, "CallSid")
        if (known := self._calls.get(call)) is not None:
            return known
        try:
            told = await self._rest.fetch_call(call)
        except Rejected as error:
            # Not even Twilio knows it any more; what was said in it is kept all the same.
            self._host.log.warning("phone.call_unknown", call=call, reason=error.reason)
            told = {}
        except NoAnswer as error:
            raise Unavailable("Twilio does not say whose call it was") from error
        return self.take({"CallSid": call, "From": str(told.get("from", ""))}, inbox)

    async def begin(self, call: Call, form: Form) -> None:
        """Store the call; a repeat is harmless."""
        await self._receive(began(call.party, form, self._clock()))

    async def end(self, call: Call, form: Form, outcome: str, seconds: int | None) -> None:
        """Store that it is over. The first who tells is believed."""
        await self.begin(call, form)
        await self._receive(ended(call.party, Outcome(outcome=outcome, seconds=seconds), self._clock()))

    async def outcome(self, call: Call) -> str:
        """How a call that is over ended."""
        if call.connecting and not call.left.is_set():
            # The caller hung up, or was connected: Twilio tells us both at the same moment, in any order.
            try:
                async with asyncio.timeout(_LEAVING_SECONDS):
                    await call.left.wait()
            except TimeoutError:
                call.bridged = True
        if call.bridged:
            return "answered"
        return "voicemail" if call.recorded else "missed"

    async def standing(self, call: Call) -> Standing | None:
        """Where the caller stands, `None` when the desk has not said so. Never takes long: a caller listens."""
        if call.contact is None:
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    call.contact = await self._host.conversations.contact_of(call_key(call.party.call))
            except (TimeoutError, Unavailable):
                return None
        view = self.view(call.desk)
        return view.contacts.get(call.contact) if view is not None and call.contact is not None else None

    def view(self, desk: DeskId) -> DeskView | None:
        return self._host.desks.view(desk)


async def call_of(conversations: Conversations, contact: ContactId) -> str | None:
    """The CallSid of the call that a contact waits with, from what is stored; `None` when it is over, or
    doesn't show itself in time: an offer may be told before its call's line is written.
    """
    call, complete = None, False
    try:
        async with asyncio.timeout(_FIND_SECONDS), aclosing(conversations.follow(contact, 0)) as batches:
            async for batch in batches:
                complete = complete or not batch
                for line in batch:
                    item = line.item
                    if item.kind is ItemKind.CALL and item.channel == CHANNEL and is_sid(item.native_id):
                        state = item.native.get("call")
                        if state == "began":
                            call = item.native_id
                        elif state == "ended" and item.native_id == call:
                            call = None
                if complete and call is not None:
                    return call
    except (TimeoutError, Unavailable):
        return call
    return call
