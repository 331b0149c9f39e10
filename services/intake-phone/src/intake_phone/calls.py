"""The calls that are going on here, as far as this process has seen them. Everything that must not be
forgotten stands in the desk's log and the transcript; what is here makes the words better.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from frontline.contract.channel import Host, Inbox, Receive
from frontline.contract.clock import Clock
from frontline.contract.deskview import DeskView, Standing
from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import ContactId, DeskId
from frontline.contract.message import ThreadKey
from intake_phone import happened
from intake_phone.happened import Outcome, call_back_key
from intake_phone.normalize import Form, Party, call_key, is_telephone, party, sid
from intake_phone.rest import NoAnswer, Rest
from intake_phone.waiting import Waits, waits_of

_MOST = 10_000
_LOOK_SECONDS = 1.0
_LEAVING_SECONDS = 3.0


@dataclass(slots=True, eq=False)
class Call:
    """`connecting`: an agent was given the caller; `left`: set once we know how the waiting ended;
    `call_back`: they asked in it to be called back; `again`: the earlier call in which they had.
    """

    party: Party
    desk: DeskId
    contact: ContactId | None = None
    connecting: bool = False
    bridged: bool = False
    recorded: bool = False
    call_back: bool = False
    again: str = ""
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

    async def begin(self, call: Call, form: Form, *, live: bool = False) -> None:
        """Store the call; a repeat is harmless. `live`: the caller is about to wait for somebody."""
        if live and not call.again and is_telephone(call.party):
            call.again = await self._asked_before(call)
        await self._receive(happened.began(call.party, form, self._clock(), live=live, again=call.again))

    async def ask_call_back(self, call: Call, form: Form) -> None:
        """Store that the caller wants to hang up and keep their place."""
        await self.begin(call, form, live=True)
        await self._receive(happened.call_back(call.party, self._clock()))
        call.call_back = True

    async def leave_queue(self, call: Call, form: Form) -> None:
        await self.begin(call, form)
        await self._receive(happened.left_queue(call.party, self._clock()))

    async def answer(self, call: Call, agent: str, *, back: bool) -> None:
        """Store that somebody has picked up; the first telling counts."""
        await self._receive(happened.answered(call.party, agent, self._clock(), back=back))
        call.call_back, call.again = False, ""

    async def end(self, call: Call, form: Form, outcome: str, seconds: int | None) -> None:
        """Store that it is over. The first who tells is believed."""
        await self.begin(call, form)
        if outcome == "answered":  # the moment itself may not have been told to us
            await self._receive(happened.answered(call.party, "", self._clock()))
        await self._receive(happened.ended(call.party, Outcome(outcome=outcome, seconds=seconds), self._clock()))

    async def end_call_back(self, call: Call) -> None:
        await self._receive(happened.called_back(call.party, self._clock()))

    async def not_reached(self, call: Call, leg: str, why: str) -> None:
        await self._receive(happened.not_reached(call.party, leg, why, self._clock()))

    async def give_up(self, call: Call, tries: int) -> None:
        await self._receive(happened.given_up(call.party, tries, self._clock()))
        call.call_back = False

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
        if await self.waits_for_call_back(call) or (call.again and not call.recorded):
            return "call_back"
        return "voicemail" if call.recorded else "missed"

    async def waits_for_call_back(self, call: Call) -> bool:
        """Whether the caller hung up to be called back. Never takes long."""
        if call.call_back or not is_telephone(call.party):
            return call.call_back
        waits = await self._waits(call.contact or await self._contact(call_key(call.party.call)))
        return waits is not None and waits.asked == call.party.call

    async def _asked_before(self, call: Call) -> str:
        """The CallSid of an earlier call, whose caller waits to be called back and rings again now."""
        contact = await self._contact(call_back_key(call.party))
        waits = await self._waits(contact)
        asked = waits.asked if waits is not None else ""
        if not asked:  # the transcript may not be as far yet
            here = [each for each in self._calls.values() if each.call_back and each.party.caller == call.party.caller]
            asked = here[-1].party.call if here else ""
        if not asked or asked == call.party.call:
            return ""
        call.contact = contact
        return asked

    async def _contact(self, key: ThreadKey) -> ContactId | None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                return await self._host.conversations.contact_of(key)
        except (TimeoutError, Unavailable):
            return None

    async def _waits(self, contact: ContactId | None) -> Waits | None:
        return await waits_of(self._host.conversations, contact, patience=_LOOK_SECONDS) if contact else None

    async def standing(self, call: Call) -> Standing | None:
        """Where the caller stands, `None` when the desk has not said so. Never takes long: a caller listens."""
        call.contact = call.contact or await self._contact(call_key(call.party.call))
        found = None if call.contact is None else self._host.desks.standing(call.contact)
        return None if found is None else found[1]

    def view(self, desk: DeskId) -> DeskView | None:
        return self._host.desks.view(desk)
