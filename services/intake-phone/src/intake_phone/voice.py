"""The customer's side of a call: greeting, waiting, voicemail, end."""

from collections.abc import Callable
from urllib.parse import urlencode

from frontline.contract.channel import ATTACHMENTS, Host, Inbox, Receive
from frontline.contract.clock import Clock
from frontline.contract.error import Reason, Rejected, Unavailable
from frontline.contract.ids import DeskId, InboxId
from intake_phone import twiml
from intake_phone.calls import Call, Calls
from intake_phone.inhand import InHand
from intake_phone.media import Media
from intake_phone.normalize import (
    CHANNEL,
    Form,
    has_ended,
    is_telephone,
    seconds_in,
    sid,
    transcription,
    voicemail,
    voicemail_id,
)
from intake_phone.number import canonical
from intake_phone.rest import NoAnswer, Rest
from intake_phone.settings import PhoneSettings

ASK_SECONDS = 5
MOST_ASKS = 6
_SOON = 2.0
"""What a caller does not have to wait for may take this long before they go on."""
RETRIES = "#rc=3&rp=all"
"""Asks Twilio to call again when it gets no good answer; a fragment, which is never sent nor signed."""
_BRIDGED = {"bridged", "bridging-in-process", "redirected-from-bridged"}


class Voice:
    """Each method answers one webhook: with TwiML, or with nothing."""

    def __init__(
        self,
        settings: PhoneSettings,
        host: Host,
        receive: Receive,
        calls: Calls,
        rest: Rest,
        in_hand: InHand,
        link: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._host = host
        self._receive = receive
        self._calls = calls
        self._rest = rest
        self._in_hand = in_hand
        self._link = link
        self._clock = clock
        self._style = twiml.Style(
            language=settings.phone_language,
            greeting=settings.phone_greeting,
            hold_music=settings.phone_hold_music,
            wait_seconds=settings.phone_wait_seconds,
            voicemail_seconds=settings.phone_voicemail_seconds,
            transcribe=settings.phone_transcribe,
        )
        self._media = Media(
            rest, host.objects, settings.phone_media_pauses, settings.phone_max_media, host.log, host.meter
        )

    async def incoming(self, form: Form, query: Form) -> str:
        """Somebody calls. They are in the queue when the desk has been told, and not before."""
        inbox = self._called(form)
        if inbox is None:
            self._host.meter.count("calls", answer="unknown_number")
            return twiml.goodbye(self._style, "This number is not in use.")
        call = self._calls.take(form, inbox)
        links = self._links(inbox.inbox)
        view = self._calls.view(DeskId(inbox.desk))
        now = self._clock()
        if view is not None and not view.online:
            self._host.meter.count("calls", answer="nobody_on")
            return twiml.nobody_on(self._style, links, view.opens_at, now, call_back=self._may_call_back(call))
        try:
            await self._in_hand.do(f"call {call.party.call}", lambda: self._calls.begin(call, form, live=True))
        except Unavailable:
            return self._ask_again(inbox, query)
        self._host.meter.count("calls", answer="queued")
        return twiml.enqueue(self._style, links, call.party.call, view.wait.get(CHANNEL) if view else None)

    async def menu(self, form: Form, query: Form) -> str:
        """A waiting caller pressed a key, or has left the queue; at the door there is no queue to leave."""
        inbox = self._inbox(query)
        if query.get("after") == "queue":
            return await self._after_queue(form, inbox)
        at_door = query.get("at") == "door"
        call = self._calls.take(form, inbox)
        if form.get("Digits") == "2" and self._may_call_back(call):
            try:
                await self._in_hand.do(f"call back {call.party.call}", lambda: self._calls.ask_call_back(call, form))
            except Unavailable:
                self._host.log.warning("phone.call_back_not_stored_yet", call=call.party.call)
            else:
                self._host.meter.count("call_backs", step="asked")
                return twiml.goodbye(self._style, twiml.CALL_BACK_TAKEN) if at_door else twiml.leave_queue()
        if at_door:
            return twiml.leave_message(self._style, self._links(inbox.inbox), "")
        if form.get("Digits") == "1":
            return twiml.leave_queue()
        return await self.wait(form, query)

    async def wait(self, form: Form, query: Form) -> str:
        inbox = self._inbox(query)
        call = self._calls.take(form, inbox)
        standing = await self._calls.standing(call)
        return twiml.wait(
            self._style,
            self._links(inbox.inbox),
            standing.position if standing else 0,
            standing.wait if standing else None,
            call_back=self._may_call_back(call),
        )

    def still_waiting(self, query: Form) -> str:
        """For a caller who must not be cut off because something is wrong with us."""
        return twiml.wait(self._style, self._links(InboxId(query.get("inbox", ""))), 0, None)

    async def voicemail(self, form: Form, query: Form) -> str:
        """The recording is over (`recorded`), or is to begin."""
        inbox = self._inbox(query)
        if query.get("step") != "recorded":
            return twiml.record(self._style, self._links(inbox.inbox))
        call = self._calls.take(form, inbox)
        call.recorded = call.recorded or "RecordingSid" in form
        return twiml.recorded(self._style, heard="RecordingSid" in form)

    async def recording(self, form: Form, query: Form) -> None:
        """Returns once the voicemail is stored, its recording with it. May come before the call's end, or after."""
        inbox = self._inbox(query)
        if form.get("RecordingStatus", "completed") != "completed":
            return
        recording = sid(form, "RecordingSid")
        await self._in_hand.do(f"recording {recording}", lambda: self._keep_recording(form, inbox, recording))

    async def transcription(self, form: Form, query: Form) -> None:
        """May never come; says what the recording says when it does."""
        inbox = self._inbox(query)

        async def keep() -> None:
            call = await self._calls.found(form, inbox)
            message = transcription(call.party, form, self._clock())
            if message is not None:
                await self._calls.begin(call, form)
                await self._receive(message)

        await self._in_hand.do(f"transcription {sid(form, 'RecordingSid')}", keep)

    async def status(self, form: Form, _query: Form) -> None:
        """A call has come to a new state; only its end says anything, once."""
        if not has_ended(form):
            return
        inbox = self._called(form)
        if inbox is None:
            return
        seconds = seconds_in(form, "CallDuration")
        first_seen = self._calls.known(sid(form, "CallSid")) is None
        call = self._calls.take(form, inbox)

        async def keep() -> None:
            outcome = await self._calls.outcome(call)
            if first_seen and outcome == "missed":
                outcome = "ended"  # what came before was told to another process, or to one that is gone
            await self._calls.end(call, form, outcome, seconds)

        await self._in_hand.do(f"end {call.party.call}", keep)

    async def _after_queue(self, form: Form, inbox: Inbox) -> str:
        call = self._calls.take(form, inbox)
        result = form.get("QueueResult", "")
        call.bridged = call.bridged or result in _BRIDGED
        call.left.set()
        await self._forget_queue(form)
        if result == "hangup" or call.bridged:
            seconds = seconds_in(form, "QueueTime") if result == "hangup" else None
            outcome = "answered" if call.bridged else await self._calls.outcome(call)
            try:
                await self._in_hand.do(f"end {call.party.call}", lambda: self._calls.end(call, form, outcome, seconds))
            except Unavailable:
                self._host.log.warning("phone.end_not_stored_yet", call=call.party.call)
            return twiml.goodbye(self._style)
        self._host.meter.count("queue_left", result=result if result in {"leave", "queue-full"} else "other")
        if result == "leave" and await self._calls.waits_for_call_back(call):
            return twiml.goodbye(self._style, twiml.CALL_BACK_TAKEN)
        try:
            await self._in_hand.do(
                f"left {call.party.call}", lambda: self._calls.leave_queue(call, form), patience=_SOON
            )
        except Unavailable:
            self._host.log.warning("phone.leaving_not_stored_yet", call=call.party.call)
        why = "" if result == "leave" else "We are sorry, nobody can take your call right now."
        return twiml.leave_message(self._style, self._links(inbox.inbox), why)

    async def _forget_queue(self, form: Form) -> None:
        """Each caller waits in a queue of their own; Twilio keeps it until it is told not to."""
        queue = form.get("QueueSid", "")
        if queue:
            try:
                await self._rest.delete_queue(sid(form, "QueueSid"))
            except (Rejected, Unavailable, NoAnswer) as error:
                self._host.log.info("phone.queue_kept", queue=queue, why=type(error).__name__)

    async def _keep_recording(self, form: Form, inbox: Inbox, recording: str) -> None:
        call = await self._calls.found(form, inbox)
        call.recorded = True
        name = f"{voicemail_id(call.party, recording)}/1"
        content = await self._media.keep(form.get("RecordingUrl", ""), ATTACHMENTS, name)
        await self._calls.begin(call, form)
        seconds = seconds_in(form, "RecordingDuration")
        await self._receive(voicemail(call.party, recording, seconds, content, self._clock()))
        self._host.meter.count("voicemails", recording="kept" if content else "lost")

    def _ask_again(self, inbox: Inbox, query: Form) -> str:
        """The desk can't be told just now: the caller holds the line; after half a minute a message is taken,
        which Twilio keeps until we can store it.
        """
        asked = (seconds_in(query, "asked") or 0) + 1
        if asked > MOST_ASKS:
            why = "We are sorry, something is wrong on our side."
            return twiml.leave_message(self._style, self._links(inbox.inbox), why)
        return twiml.ask_again(self._link(f"voice?{urlencode({'asked': asked})}"), ASK_SECONDS)

    def _may_call_back(self, call: Call) -> bool:
        return self._settings.phone_call_back and is_telephone(call.party)

    def _called(self, form: Form) -> Inbox | None:
        """The inbox of the number that was called."""
        to = form.get("To", "")
        return self._host.inboxes.by_address(canonical(to, self._settings.phone_region) or to)

    def _inbox(self, query: Form) -> Inbox:
        inbox = self._host.inboxes.by_id(InboxId(query.get("inbox", "")))
        if inbox is None:
            raise Rejected("there is no such inbox", Reason.UNKNOWN_INBOX)
        return inbox

    def _links(self, inbox: InboxId) -> twiml.Links:
        def link(page: str, **query: str) -> str:
            return self._link(f"voice/{page}?{urlencode({'inbox': inbox, **query})}")

        return twiml.Links(
            after_queue=link("menu", after="queue"),
            wait=link("wait"),
            menu=link("menu"),
            at_door=link("menu", at="door"),
            voicemail=link("voicemail"),
            recorded=link("voicemail", step="recorded"),
            recording=link("recording") + RETRIES,
            transcription=link("transcription") + RETRIES,
        )
