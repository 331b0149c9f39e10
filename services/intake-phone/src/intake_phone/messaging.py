"""SMS, MMS and WhatsApp: in by webhook, out by the REST API, and what became of each."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlencode

from frontline.contract.channel import ATTACHMENTS, ORIGINALS, Delivered, Host, Inbox, Receive
from frontline.contract.clock import Clock
from frontline.contract.error import Reason, Rejected
from frontline.contract.ids import ContactId, InboxId, MessageId
from frontline.contract.message import Attachment, DeliveryState, OutboundKind, OutboundMessage
from intake_phone import twiml
from intake_phone.filelink import FileLinks
from intake_phone.inhand import InHand
from intake_phone.media import Media
from intake_phone.normalize import WITHHELD, Form, media, receipt, sid, text_id, text_message
from intake_phone.number import WHATSAPP, canonical, whatsapp_address
from intake_phone.rest import Rest
from intake_phone.settings import PhoneSettings

LONGEST = 1600
"""Characters in one message, as Twilio takes them (error 21617)."""
MOST_FILES = 10
_REMEMBERED = 50_000
_RANK = {DeliveryState.SENT: 1, DeliveryState.DELIVERED: 2, DeliveryState.READ: 3, DeliveryState.FAILED: 4}


class Told:
    """The furthest that each reply has come, as far as this process was told."""

    def __init__(self) -> None:
        self._states: OrderedDict[MessageId, DeliveryState] = OrderedDict()

    def is_news(self, reply: MessageId, state: DeliveryState) -> bool:
        """Whether `state` is further than all before: what comes late or twice is not."""
        known = self._states.get(reply)
        return known is None or _RANK[state] > _RANK[known]

    def note(self, reply: MessageId, state: DeliveryState) -> None:
        if self.is_news(reply, state):
            self._states[reply] = state
            self._states.move_to_end(reply)
            if len(self._states) > _REMEMBERED:
                self._states.popitem(last=False)

    def state(self, reply: MessageId) -> DeliveryState | None:
        return self._states.get(reply)


class TextsIn:
    """Webhooks about text messages."""

    def __init__(
        self,
        settings: PhoneSettings,
        host: Host,
        receive: Receive,
        rest: Rest,
        in_hand: InHand,
        told: Told,
        clock: Clock,
    ) -> None:
        self._region = settings.phone_region
        self._host = host
        self._receive = receive
        self._in_hand = in_hand
        self._told = told
        self._clock = clock
        self._media = Media(
            rest, host.objects, settings.phone_media_pauses, settings.phone_max_media, host.log, host.meter
        )

    async def incoming(self, form: Form, body: bytes) -> str:
        """Returns once the message is stored, with its files."""
        inbox = self._inbox(form)
        await self._in_hand.do(f"message {sid(form, 'MessageSid')}", lambda: self._take(form, body, inbox))
        return twiml.SILENT_MESSAGE

    async def status(self, form: Form, query: Form) -> None:
        """A step of a reply's way; returns once it is stored."""
        inbox, reply = InboxId(query.get("inbox", "")), MessageId(query.get("reply", ""))
        contact = ContactId(query.get("contact", ""))
        if self._host.inboxes.by_id(inbox) is None or not reply or not contact:
            raise Rejected("this callback is about no reply", Reason.NOT_FOUND)
        found = receipt(form, reply=reply, contact=contact, inbox=inbox, received=self._clock())
        if found is None:
            return
        if not self._told.is_news(reply, found.state):
            self._host.meter.count("statuses_late")
            return
        await self._receive(found)
        self._told.note(reply, found.state)

    async def _take(self, form: Form, body: bytes, inbox: Inbox) -> None:
        message = text_id(form, inbox.inbox)
        original = await self._host.objects.put(ORIGINALS, f"{message}/0", _once(body))
        every = media(form)
        kept = await asyncio.gather(
            *(self._media.keep(url, ATTACHMENTS, f"{message}/{number}") for number, (url, _) in enumerate(every, 1))
        )
        files = [
            Attachment(name=_name(number, kind), media_type=kind, content=content)
            for number, ((_, kind), content) in enumerate(zip(every, kept, strict=True), 1)
            if content is not None
        ]
        await self._receive(
            text_message(
                form,
                inbox.inbox,
                self._region,
                self._clock(),
                original=original,
                files=files,
                missing=len(every) - len(files),
            )
        )
        self._host.meter.count("texts", files=str(min(len(files), MOST_FILES)))

    def _inbox(self, form: Form) -> Inbox:
        """The number that was written to; one of a Messaging Service may stand for the whole of it."""
        to = form.get("To", "")
        address = canonical(to, self._region)
        known = (address, address.removeprefix(WHATSAPP), to, form.get("MessagingServiceSid", ""))
        for each in known:
            if each and (inbox := self._host.inboxes.by_address(each)) is not None:
                return inbox
        raise Rejected("nobody here has this number", Reason.UNKNOWN_INBOX)


class TextsOut:
    """Replies as text messages."""

    def __init__(self, host: Host, rest: Rest, told: Told, links: FileLinks, link: Callable[[str], str]) -> None:
        self._host = host
        self._rest = rest
        self._told = told
        self._links = links
        self._link = link

    async def send(self, message: OutboundMessage) -> Delivered:
        """Sent once at most: Twilio has no key by which it would know a repeat."""
        inbox = self._host.inboxes.by_id(message.inbox)
        if inbox is None:
            raise Rejected("the number that this reply goes out from is not there any more", Reason.UNKNOWN_INBOX)
        about = urlencode({"reply": message.id, "contact": message.contact, "inbox": message.inbox})
        callback = ("StatusCallback", self._link(f"messaging/status?{about}"))
        fields = [
            *addressed(message, inbox.address),
            ("Body", message.text),
            *(("MediaUrl", self._link(self._links.path(file))) for file in message.attachments),
            *(() if message.kind is OutboundKind.NOTICE else (callback,)),  # to one of us: no contact hears of it
        ]
        native_id = await self._rest.create_message(fields)
        # The callback may have been quicker than the answer.
        return Delivered(native_id=native_id, state=self._told.state(message.id) or DeliveryState.SENT)


def addressed(message: OutboundMessage, ours: str) -> list[tuple[str, str]]:
    """To and From. Raises `Rejected` for what can't go as a text message."""
    to = [each.address for each in message.to if each.role == "to"]
    if len(to) != 1:
        raise Rejected("a text message goes to one number")
    address = to[0]
    if address.startswith(WITHHELD):
        raise Rejected("the caller withheld their number")
    if address.startswith(("sip:", "client:")):
        raise Rejected("a text message can't go to this address")
    if len(message.text) > LONGEST:
        raise Rejected(
            f"a text message has {LONGEST} characters at most, this one {len(message.text)}", Reason.TOO_LARGE
        )
    if len(message.attachments) > MOST_FILES:
        raise Rejected(f"a text message carries {MOST_FILES} files at most", Reason.TOO_MANY)
    if not message.text and not message.attachments:
        raise Rejected("there is nothing in this message")
    if address.startswith(WHATSAPP):
        address, ours = whatsapp_address(address), WHATSAPP + ours.removeprefix(WHATSAPP)
    return [("To", address), ("MessagingServiceSid" if ours.upper().startswith("MG") else "From", ours)]


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


def _name(number: int, media_type: str) -> str:
    """A file of an MMS has no name of its own."""
    kind, _, detail = media_type.partition("/")
    ending = "".join(letter for letter in detail.partition("+")[0] if letter.isalnum())[:8]
    return f"{kind if kind.isalpha() else 'file'}-{number}.{ending or 'bin'}"
