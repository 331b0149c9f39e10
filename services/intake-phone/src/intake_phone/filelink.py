"""Where Twilio fetches the files of a reply: a link that names one object, sealed by us, good for two days."""

import base64
import binascii
import hmac
from collections.abc import Callable
from datetime import timedelta

import msgspec

from frontline.contract.clock import Clock, Instant
from frontline.contract.error import Reason, Rejected
from frontline.contract.message import Attachment

_PURPOSE = "file link"
_GOOD_FOR = timedelta(days=2)
_MAC = 32


class _Link(msgspec.Struct, frozen=True, array_like=True):
    file: Attachment
    until: Instant


_decode = msgspec.json.Decoder(_Link).decode


class FileLinks:
    def __init__(self, sign: Callable[[str, bytes], bytes], clock: Clock) -> None:
        self._sign = sign
        self._clock = clock

    def path(self, file: Attachment) -> str:
        data = msgspec.json.encode(_Link(file, self._clock() + _GOOD_FOR))
        sealed = base64.urlsafe_b64encode(self._sign(_PURPOSE, data) + data).decode().rstrip("=")
        return f"files/{sealed}"

    def opened(self, sealed: str) -> Attachment:
        """Raises `Rejected` for a link that is not ours, or not good any more."""
        try:
            whole = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise Rejected("there is no such file", Reason.NOT_FOUND) from error
        mac, data = whole[:_MAC], whole[_MAC:]
        if not hmac.compare_digest(mac, self._sign(_PURPOSE, data)):
            raise Rejected("there is no such file", Reason.NOT_FOUND)
        link = _decode(data)
        if link.until < self._clock():
            raise Rejected("this link is not good any more", Reason.NOT_FOUND)
        return link.file
