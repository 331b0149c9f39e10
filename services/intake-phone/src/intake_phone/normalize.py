"""From Twilio's parameters to messages and receipts: pure.

A call is one message of kind `call` when it reaches us, one when somebody has picked up, and one when
it has ended; what was spoken on the answering machine is a message of kind `voicemail`. All of them are
bound by the CallSid. Every id follows from one of Twilio's SIDs, so that a repeat is the same message.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from frontline.contract.codec import to_milliseconds
from frontline.contract.error import Rejected
from frontline.contract.ids import ChannelName, ContactId, InboxId, MessageId
from frontline.contract.message import (
    Attachment,
    Automation,
    DeliveryReceipt,
    DeliveryState,
    Evidence,
    Identity,
    InboundMessage,
    MessageKind,
    ObjectRef,
    ThreadEvidence,
    ThreadKey,
    Times,
    idempotency_key,
    message_id,
)
from intake_phone.number import canonical

CHANNEL = ChannelName("phone")
WITHHELD = "withheld:"
MOST_MEDIA = 20
_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}\Z")
_ENDED = {"completed", "busy", "failed", "no-answer", "canceled"}
_STATES = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "undelivered": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}
_FAILURES = {
    "21610": "the customer has opted out",
    "30003": "the phone can't be reached",
    "30005": "there is no such number",
    "30006": "a landline, or a carrier that can't be reached",
    "30007": "the carrier filtered it as spam",
    "63016": "WhatsApp takes no free text 24 hours after the customer's last message: answer by SMS or mail",
}
_KEPT_OF_TEXT = ("NumSegments", "MessagingServiceSid", "OptOutType", "OriginalRepliedMessageSid", "FromCountry")

Form = Mapping[str, str]


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """Who called whom; the same for everything that comes of one call."""

    call: str
    caller: Identity
    inbox: InboxId


def sid(form: Form, name: str) -> str:
    """The SID in parameter `name`. `Rejected` when it is none: ids and paths are made of it."""
    found = form.get(name, "")
    if not is_sid(found):
        raise Rejected(f"{name} is not a SID")
    return found


def is_sid(text: str) -> bool:
    return _SID.match(text) is not None


def caller(form: Form, region: str) -> Identity:
    """Who is calling or writing. Whoever withholds their number is nobody we know: a customer of their own."""
    address = canonical(form.get("From", ""), region)
    evidence = form.get("StirVerstat", "")
    return Identity(
        channel=CHANNEL,
        address=address or WITHHELD + sid(form, "CallSid" if "CallSid" in form else "MessageSid"),
        name=form.get("ProfileName", "") or (_title(form.get("CallerName", "")) if address else ""),
        evidence=(Evidence(method="stir", result=evidence),) if evidence else (),
    )


def party(form: Form, inbox: InboxId, region: str) -> Party:
    return Party(call=sid(form, "CallSid"), caller=caller(form, region), inbox=inbox)


def call_key(call: str) -> ThreadKey:
    """What ties everything of one call together."""
    return ThreadKey(kind="call", value=call, evidence=ThreadEvidence.THREAD)


def voicemail(
    party: Party, recording: str, seconds: int | None, content: ObjectRef | None, received: datetime
) -> InboundMessage:
    """What was said after the tone; `content` is `None` for a recording that could not be had."""
    files = (Attachment(name="voicemail.wav", media_type="audio/wav", content=content),) if content else ()
    length = "" if seconds is None else f", {duration(seconds)}"
    return call_message(
        party,
        recording,
        "voicemail",
        received,
        kind=MessageKind.VOICEMAIL,
        text=f"Voicemail{length}.",
        attachments=files,
        flaw="" if content else "the recording could not be fetched",
        native={"call_sid": party.call, **({"seconds": seconds} if seconds is not None else {})},
    )


def voicemail_id(party: Party, recording: str) -> MessageId:
    """The id that the voicemail will have: its file is stored under it before it is."""
    return message_id(_key(party.inbox, recording, "voicemail"))


def transcription(party: Party, form: Form, received: datetime) -> InboundMessage | None:
    """What the recording says, as a machine heard it; `None` when it heard nothing. The voicemail itself asked
    for an answer already.
    """
    text = form.get("TranscriptionText", "").strip()
    if form.get("TranscriptionStatus") == "failed" or not text:
        return None
    return call_message(
        party,
        sid(form, "RecordingSid"),
        "transcription",
        received,
        kind=MessageKind.VOICEMAIL,
        text=text,
        automation=Automation.AUTO_REPLIED,
        native={"call_sid": party.call, "transcription": form.get("TranscriptionSid", "")},
    )


def text_id(form: Form, inbox: InboxId) -> MessageId:
    """The id that a text message will have: its original and its files are stored under it before it is."""
    return message_id(_key(inbox, sid(form, "MessageSid"), "message"))


def text_message(
    form: Form,
    inbox: InboxId,
    region: str,
    received: datetime,
    *,
    original: ObjectRef | None,
    files: Sequence[Attachment],
    missing: int = 0,
) -> InboundMessage:
    """An SMS, MMS or WhatsApp message. `missing` pictures could not be fetched."""
    who = Party(call=sid(form, "MessageSid"), caller=caller(form, region), inbox=inbox)
    text = _words(form)
    return call_message(
        who,
        who.call,
        "message",
        received,
        text=text,
        reply_text=text,
        thread=() if is_withheld(who) else (number_key(who),),
        attachments=tuple(files),
        original=original,
        flaw=f"{missing} of its files could not be fetched" if missing else "",
        native=kept(form, _KEPT_OF_TEXT),
    )


def media(form: Form) -> list[tuple[str, str]]:
    """URL and media type of each file of a text message."""
    count = form.get("NumMedia", "0")
    most = min(int(count), MOST_MEDIA) if count.isascii() and count.isdigit() else 0
    every = [(form.get(f"MediaUrl{n}", ""), form.get(f"MediaContentType{n}", "")) for n in range(most)]
    return [(url, kind or "application/octet-stream") for url, kind in every if url]


def receipt(
    form: Form, *, reply: MessageId, contact: ContactId, inbox: InboxId, received: datetime
) -> DeliveryReceipt | None:
    """What a status callback says of a reply, `None` for a step that says nothing yet. The receipt of one state
    is always the same one, the host's own among them.
    """
    state = _STATES.get(form.get("MessageStatus", ""))
    if state is None:
        return None
    key = idempotency_key(account=inbox, native_id=reply, kind=f"receipt {state}")
    return DeliveryReceipt(
        id=message_id(key),
        key=key,
        channel=CHANNEL,
        inbox=inbox,
        reply=reply,
        contact=contact,
        state=state,
        times=Times(received=to_milliseconds(received)),
        native_id=form.get("MessageSid", "")[:64],
        detail=_failure(form) if state is DeliveryState.FAILED else "",
    )


def is_withheld(party: Party) -> bool:
    return party.caller.address.startswith(WITHHELD)


def is_telephone(party: Party) -> bool:
    """Whether the caller can be called: they show a number."""
    return party.caller.address.startswith("+")


def has_ended(form: Form) -> bool:
    return form.get("CallStatus", "") in _ENDED


def seconds_in(form: Form, name: str) -> int | None:
    text = form.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None


def duration(seconds: int) -> str:
    """As a person would say it."""
    minutes, rest = divmod(seconds, 60)
    parts = [(minutes, "minute"), (rest, "second")]
    said = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count]
    return " ".join(said) or "0 seconds"


def failure(code: str) -> str:
    """What a code of Twilio's means for whoever wrote, "" for one that says nothing to them."""
    return _FAILURES.get(code, "")


def _failure(form: Form) -> str:
    code = form.get("ErrorCode", "")
    return f"{failure(code) or 'the carrier did not deliver it'} (Twilio {code})" if code.isdigit() else "not delivered"


def _words(form: Form) -> str:
    """What was written or tapped, and where the sender says to be."""
    said = [form.get("Body", "") or form.get("ButtonText", "")]
    if form.get("Latitude") and form.get("Longitude"):
        place = ", ".join(part for part in (form.get("Label", ""), form.get("Address", "")) if part)
        said.append(f"Location: {form['Latitude']}, {form['Longitude']}{f' ({place})' if place else ''}")
    return "\n".join(part for part in said if part)


def number_key(party: Party, *, finds: bool = True) -> ThreadKey:
    value = f"{party.inbox}:{party.caller.address}"
    return ThreadKey(kind="number", value=value, evidence=ThreadEvidence.THREAD, finds=finds)


def _key(inbox: InboxId, native_id: str, kind: str) -> str:
    return idempotency_key(account=f"{CHANNEL}:{inbox}", native_id=native_id, kind=kind)


def call_message(party: Party, native_id: str, kind_of_key: str, received: datetime, **parts: Any) -> InboundMessage:
    key = _key(party.inbox, native_id, kind_of_key)
    given: dict[str, Any] = {"text": "Phone call.", "thread": (call_key(party.call),), **parts}
    return InboundMessage(
        id=message_id(key),
        key=key,
        channel=CHANNEL,
        inbox=party.inbox,
        native_id=native_id,
        sender=party.caller,
        times=Times(received=to_milliseconds(received)),
        **given,
    )


def kept(form: Form, names: Sequence[str]) -> dict[str, Any]:
    return {name: form[name] for name in names if form.get(name)}


def _title(name: str) -> str:
    """A name of the caller ID directory, which shouts."""
    return name.title() if name.isupper() else name
