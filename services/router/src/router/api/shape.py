"""The bodies that the API takes and gives (design: `api.md`). Fields are added, never renamed."""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Literal

import msgspec

from frontline.configuration.policy import Lane
from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, InboxId, MessageId, OfferId
from frontline.contract.transcript import Direction, ItemKind
from router.index.row import Offer, Stamp, State
from router.index.shape import Contact

MAX_ATTACHMENTS = 32
MAX_SEQ = 2**53
"""More than a transcript will ever count to, and what every client can still write exactly (RFC 8259, section 6)."""

Availability = Literal["available", "away", "offline"]
Delivery = Literal["queued", "sent", "delivered", "read", "failed", "unknown"]

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=250_000)]

# The decoder does not check these patterns, `Body.mistakes` does: `msgspec.Meta(pattern=...)` inside a
# tuple corrupts memory (0.22, see its issue 717), so one request could bring the process down.
_LINE = r"^[^\x00-\x1f\x7f]+(?![\s\S])"
_CONTENT_ID = r"^[!-;=?-~]*(?![\s\S])"
_MEDIA_TYPE = r"^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*(?![\s\S])"

Address = Annotated[str, msgspec.Meta(min_length=1, max_length=320, extra_json_schema={"pattern": _LINE})]
FileName = Annotated[str, msgspec.Meta(min_length=1, max_length=255, extra_json_schema={"pattern": _LINE})]
MediaType = Annotated[str, msgspec.Meta(max_length=127, extra_json_schema={"pattern": _MEDIA_TYPE})]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a client sends. An unknown field is a mistake: it would be silently lost."""

    def mistakes(self) -> Iterator[tuple[str, str]]:
        """What is wrong with it beyond its types: where, and what."""
        yield from ()


class Nothing(Body, frozen=True, kw_only=True):
    """`{}`, or no body at all."""


class FileBody(Body, frozen=True, kw_only=True):
    """A file that goes with a reply; `content` is base64. With a `content_id` the reply's HTML may show it, as
    `<img src="cid:...">` (RFC 2392).
    """

    name: FileName
    media_type: MediaType = "application/octet-stream"
    content: bytes
    content_id: Annotated[str, msgspec.Meta(max_length=200)] = ""


class ReplyBody(Body, frozen=True, kw_only=True):
    """`channel`, `to`: left out, the reply goes to the customer on the contact's own channel. `cc`: left out as
    well, those who were on the latest message get a copy; an empty list: nobody does.
    """

    text: Text
    html: Annotated[str, msgspec.Meta(max_length=250_000)] = ""
    attachments: Annotated[tuple[FileBody, ...], msgspec.Meta(max_length=MAX_ATTACHMENTS)] = ()
    channel: ChannelName | None = None
    to: Address | Annotated[tuple[Address, ...], msgspec.Meta(min_length=1, max_length=50)] | None = None
    cc: Address | Annotated[tuple[Address, ...], msgspec.Meta(max_length=50)] | None = None

    def mistakes(self) -> Iterator[tuple[str, str]]:
        if not self.text.strip():
            yield "$.text", "is blank"
        for name, given in (("to", self.to), ("cc", self.cc)):
            for n, address in enumerate(several(given)):
                if not re.match(_LINE, address):
                    yield f"$.{name}" if isinstance(given, str) else f"$.{name}[{n}]", "has a control character in it"
        for n, file in enumerate(self.attachments):
            if not re.match(_LINE, file.name):
                yield f"$.attachments[{n}].name", "has a control character in it"
            if not re.match(_CONTENT_ID, file.content_id):
                yield f"$.attachments[{n}].content_id", "is not a content id"
            if not re.match(_MEDIA_TYPE, file.media_type):
                yield f"$.attachments[{n}].media_type", "is not a media type"


class NoteBody(Body, frozen=True, kw_only=True):
    text: Text

    def mistakes(self) -> Iterator[tuple[str, str]]:
        if not self.text.strip():
            yield "$.text", "is blank"


class DropBody(Body, frozen=True, kw_only=True):
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class RejectBody(Body, frozen=True, kw_only=True):
    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


class TransferBody(Body, frozen=True, kw_only=True):
    """To one agent, to all who have a skill, or to another desk: one of the three."""

    agent: AgentId | None = None
    skill: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] | None = None

    desk: DeskId | None = None

    def mistakes(self) -> Iterator[tuple[str, str]]:
        if [self.agent, self.skill, self.desk].count(None) != 2:
            yield "$", "names an agent, a skill or a desk: one of the three"


class MergeBody(Body, frozen=True, kw_only=True):
    """The contact that goes on, for both."""

    into: ContactId


class SplitBody(Body, frozen=True, kw_only=True):
    """The place in the transcript (`seq`) from which on everything becomes a contact of its own."""

    from_seq: Annotated[int, msgspec.Meta(ge=1, le=MAX_SEQ)]


class MoveBody(Body, frozen=True, kw_only=True):
    """The contact that a message belongs to."""

    to: ContactId


class ContactBody(Body, frozen=True, kw_only=True):
    """What we write first, and to whom. `channel` is needed only where inboxes of several have that id."""

    inbox: InboxId
    to: Address
    text: Text
    subject: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    channel: ChannelName | None = None

    def mistakes(self) -> Iterator[tuple[str, str]]:
        if not self.text.strip():
            yield "$.text", "is blank"
        if not re.match(_LINE, self.to):
            yield "$.to", "has a control character in it"


class AvailabilityBody(Body, frozen=True, kw_only=True):
    """`until` is when it ends by itself."""

    state: Availability
    until: Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})] | None = None


class ContactFilter(Body, frozen=True, kw_only=True):
    """`state` may be given several times; `q` are words in what was said, a customer's name or address, or an id."""

    state: tuple[State, ...] = ()
    channel: ChannelName | None = None
    agent: AgentId | None = None
    customer: CustomerId | None = None
    lane: Lane | None = None
    q: Annotated[str, msgspec.Meta(max_length=500)] = ""
    cursor: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class TranscriptFilter(Body, frozen=True, kw_only=True):
    """Items whose `seq` is above `after`."""

    after: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQ)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 200


class PageFilter(Body, frozen=True, kw_only=True):
    cursor: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the API gives."""


class Contacts(Answer, frozen=True, kw_only=True):
    items: list[Contact]
    next: str | None


class From(Answer, frozen=True, kw_only=True):
    role: str
    name: str
    picture: str | None


class File(Answer, frozen=True, kw_only=True):
    name: str
    media_type: str
    size: int
    url: str
    content_id: str | None


class Line(Answer, frozen=True, kw_only=True):
    """One line of a transcript. `seq` grows along it, with gaps. For a receipt, `reply` is what it is about."""

    seq: int
    id: MessageId
    at: Stamp
    kind: ItemKind
    direction: Direction
    author: From = msgspec.field(name="from")
    channel: ChannelName
    subject: str
    text: str
    reply_text: str
    html: str
    attachments: tuple[File, ...]
    original: str | None
    delivery: Delivery | None
    threaded_by: str | None
    reply: MessageId | None
    flaw: str | None


class Transcript(Answer, frozen=True, kw_only=True):
    items: list[Line]
    next: str | None


class Written(Answer, frozen=True, kw_only=True):
    """A reply or note, by its id; it is the transcript item's id as well."""

    id: MessageId
    contact: ContactId


class Split(Answer, frozen=True, kw_only=True):
    """The new contact, and the one that it was split off from."""

    id: ContactId
    origin: ContactId


class MovedMessage(Answer, frozen=True, kw_only=True):
    """A message, the contact that it is in now, and the one that it was moved out of."""

    id: MessageId
    contact: ContactId
    origin: ContactId


class Moved(Answer, frozen=True, kw_only=True):
    """What was done to a contact."""

    id: ContactId
    done: Literal["resolved", "reopened", "transferred", "merged", "unmerged"]


class Erased(Answer, frozen=True, kw_only=True):
    """Decided: nobody is shown anything any more, and the stores follow. `id` is the contact's or the customer's."""

    id: str
    done: Literal["erased"]


class Offers(Answer, frozen=True, kw_only=True):
    items: list[Offer]
    next: None = None


class Answered(Answer, frozen=True, kw_only=True):
    """What was done with an offer."""

    id: OfferId
    done: Literal["accepted", "rejected"]


class MyAvailability(Answer, frozen=True, kw_only=True):
    """`reason` is empty if you said so, or why the desk changed it by itself: `missed_offers`."""

    state: Availability
    until: Stamp | None
    reason: str


class ParkedItem(Answer, frozen=True, kw_only=True):
    """`subject` is where it came from; `ids` are what it was about; `size` is in bytes."""

    id: str
    at: Stamp
    service: str
    reason: str
    error: str
    subject: str
    ids: dict[str, str]
    size: int


class ParkedItems(Answer, frozen=True, kw_only=True):
    items: list[ParkedItem]
    next: str | None


class Settled(Answer, frozen=True, kw_only=True):
    """What was done with a parked item."""

    id: str
    done: Literal["released", "dropped"]


def several(given: str | Iterable[str] | None) -> tuple[str, ...]:
    """One, many or none, as many."""
    if given is None:
        return ()
    return (given,) if isinstance(given, str) else tuple(given)
