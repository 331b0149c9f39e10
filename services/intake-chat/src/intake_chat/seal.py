"""References to files that travel through a browser: sealed, so that they come back as they went. Pure."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import TypeVar

import msgspec

from frontline.contract.error import Reason, Rejected
from frontline.contract.message import ObjectRef
from intake_chat.token import Sign

T = TypeVar("T", bound=msgspec.Struct)

_MAC_BYTES = 32


class Upload(msgspec.Struct, frozen=True, tag="up", omit_defaults=True):
    """A file that a visitor has sent, to be named in the message that it belongs to."""

    visitor: str
    content: ObjectRef
    name: str
    media_type: str


class Link(msgspec.Struct, frozen=True, tag="get", omit_defaults=True):
    """The address of a file in a conversation, good until `until` (unix seconds)."""

    content: ObjectRef
    name: str
    media_type: str
    until: int


def seal(value: Upload | Link, sign: Sign) -> str:
    said = msgspec.json.encode(value)
    return urlsafe_b64encode(_mac(said, sign) + said).decode().rstrip("=")


def unseal(text: str, kind: type[T], sign: Sign) -> T:
    """Raises `Rejected` for anything that `seal` has not made for this kind."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        mac, said = data[:_MAC_BYTES], data[_MAC_BYTES:]
        if hmac.compare_digest(mac, _mac(said, sign)):
            return msgspec.json.decode(said, type=kind)
    except (Error, ValueError):  # msgspec's errors are ValueErrors
        pass
    raise Rejected("there is no such file", Reason.NOT_FOUND)


def _mac(said: bytes, sign: Sign) -> bytes:
    return sign("file", said)
