"""What travels over the socket, in both directions (docs/reference/chat-protocol.md). Pure."""

import re
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from frontline.contract.error import Reason, Rejected

VERSION = 1
MOST_FILES = 10

_CLIENT_ID = r"^[A-Za-z0-9_-]{8,64}$"
ClientId = Annotated[str, Meta(extra_json_schema={"pattern": _CLIENT_ID})]
"""Minted by the client, once for a message: a UUID does. `decode` looks at it: a pattern that msgspec checks may
end the process (its issue 717).
"""
_Short = Annotated[str, Meta(max_length=200)]


class _In(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Unknown fields are ignored, so that a newer widget can talk to an older service."""


class Hello(_In, frozen=True, tag="hello"):
    """The first frame. `identity` is a JWT of the host page, `language` a BCP 47 tag."""

    v: int
    inbox: Annotated[str, Meta(max_length=63)]
    token: Annotated[str, Meta(max_length=1024)] | None = None
    cursor: Annotated[int, Meta(ge=0)] | None = None
    page: Annotated[str, Meta(max_length=2000)] | None = None
    identity: Annotated[str, Meta(max_length=8192)] | None = None
    language: Annotated[str, Meta(max_length=35)] | None = None


class FileNamed(msgspec.Struct, frozen=True):
    """A file sent before by `POST /chat/files`; `ref` is what that answered."""

    ref: Annotated[str, Meta(max_length=2000)]


class Say(_In, frozen=True, tag="message"):
    """`name` and `reply_to` (a mail address) are what the visitor says of themselves."""

    id: ClientId
    text: str = ""
    attachments: Annotated[tuple[FileNamed, ...], Meta(max_length=MOST_FILES)] = ()
    name: _Short | None = None
    reply_to: Annotated[str, Meta(max_length=320)] | None = None


class Types(_In, frozen=True, tag="typing"):
    """The visitor is writing."""


class Reads(_In, frozen=True, tag="read"):
    """Everything up to `seq` has been seen."""

    seq: Annotated[int, Meta(ge=0)]


class Ends(_In, frozen=True, tag="end"):
    """The visitor leaves, in all tabs."""


class Rates(_In, frozen=True, tag="survey"):
    """How it was: 1 is bad, 5 is good."""

    score: Annotated[int, Meta(ge=1, le=5)]
    text: Annotated[str, Meta(max_length=2000)] = ""


FromVisitor = Hello | Say | Types | Reads | Ends | Rates

_is_client_id = re.compile(_CLIENT_ID.removesuffix("$")).fullmatch
_decoder: msgspec.json.Decoder[FromVisitor] = msgspec.json.Decoder(FromVisitor)


def decode(data: bytes) -> FromVisitor:
    """Raises `Rejected` for anything that is not a frame of a visitor."""
    try:
        frame = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected(f"not a frame of this protocol: {error}", Reason.MALFORMED) from error
    if isinstance(frame, Say) and not _is_client_id(frame.id):
        raise Rejected(f"not a frame of this protocol: the id has to match {_CLIENT_ID}", Reason.MALFORMED)
    return frame


class Somebody(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    picture: str = ""


class Wait(msgspec.Struct, frozen=True):
    low: timedelta
    high: timedelta


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """Who is there, and how long it takes to be answered, or when somebody will be there again."""

    online: bool = False
    people: tuple[Somebody, ...] = ()
    wait: Wait | None = None
    opens_at: datetime | None = None


class _Out(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    pass


class Welcome(_Out, frozen=True, tag="welcome"):
    token: str
    presence: Presence
    contact: str | None = None


class Ack(_Out, frozen=True, tag="ack", omit_defaults=False):
    """Stored. `seq` is 0 as long as the place in the transcript is not known: the message itself brings it."""

    id: str
    seq: int = 0


class Speaker(msgspec.Struct, frozen=True, omit_defaults=True):
    """`role` is `visitor`, `agent` or `system`."""

    role: str
    name: str = ""
    picture: str = ""


class File(msgspec.Struct, frozen=True):
    name: str
    media_type: str
    size: int
    url: str


class Message(_Out, frozen=True, tag="message", omit_defaults=False):
    """One line of the conversation; `id` of a visitor's own is the one that the client minted."""

    seq: int
    id: str
    speaker: Speaker = msgspec.field(name="from")
    text: str
    attachments: tuple[File, ...]
    at: datetime


class State(_Out, frozen=True, tag="state"):
    state: str
    position: int | None = None
    low: timedelta | None = None
    high: timedelta | None = None
    agent: Somebody | None = None


class PresenceNow(_Out, frozen=True, tag="presence", omit_defaults=False):
    online: bool
    people: tuple[Somebody, ...]
    wait: Wait | None
    opens_at: datetime | None


class Typing(_Out, frozen=True, tag="typing"):
    """The other side is writing; good for a few seconds."""


class Read(_Out, frozen=True, tag="read"):
    """Another tab or device of this visitor has seen everything up to `seq`."""

    seq: int


class Error(_Out, frozen=True, tag="error"):
    """`id` names the message that it is about, `retry_after` is in seconds."""

    code: str
    detail: str
    retry_after: float | None = None
    id: str | None = None


ToVisitor = Welcome | Ack | Message | State | PresenceNow | Typing | Read | Error

_encoder = msgspec.json.Encoder()


def encode(frame: ToVisitor | Presence) -> bytes:
    return _encoder.encode(frame)
