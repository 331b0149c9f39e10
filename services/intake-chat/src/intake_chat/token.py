"""Who a visitor is over reconnects and visits: a signed token. Pure.

    v1.<visitor>.<inbox>.<issued, unix seconds>.<HMAC-SHA256, base64url>

It says nothing that its bearer may not know, and it is the proof by which a conversation is found
again. The life of a token slides: each welcome brings a fresh one.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from frontline.contract.error import Reason, Rejected
from frontline.contract.ids import InboxId

PURPOSE = "visitor"
_VERSION = "v1"
_AHEAD = timedelta(minutes=5)
"""How far clocks of two processes may differ."""

Sign = Callable[[str, bytes], bytes]
"""HMAC of some bytes for a purpose: `Host.sign`."""


class Visitor(msgspec.Struct, frozen=True):
    """`id` begins with `a` for one who is anonymous, with `i` for one whose host page said who it is."""

    id: str
    inbox: InboxId

    @property
    def identified(self) -> bool:
        return self.id.startswith("i")


def anonymous(inbox: InboxId, chance: bytes) -> Visitor:
    """A visitor nobody has seen before; `chance` is 16 random bytes."""
    return Visitor("a" + chance.hex(), inbox)


def identified(inbox: InboxId, subject: str, sign: Sign) -> Visitor:
    """The visitor that the host page of an inbox calls `subject`: the same one on every device."""
    return Visitor("i" + sign("identified visitor", f"{inbox}\x1f{subject}".encode()).hex()[:32], inbox)


def issue(visitor: Visitor, sign: Sign, now: datetime) -> str:
    said = f"{_VERSION}.{visitor.id}.{visitor.inbox}.{int(now.timestamp())}"
    return f"{said}.{_mac(said, sign)}"


def verify(token: str, sign: Sign, now: datetime, life: timedelta) -> Visitor:
    """Whose token this is. Raises `Rejected` for one that is forged, of another form or over."""
    said, _, mac = token.rpartition(".")
    if not (said.isascii() and mac.isascii() and hmac.compare_digest(mac, _mac(said, sign))):
        raise _refused("this token is not one of ours")
    parts = said.split(".")
    if len(parts) != 4 or parts[0] != _VERSION:
        raise _refused("this token is of another version")
    age = now.timestamp() - int(parts[3])
    if not -_AHEAD.total_seconds() <= age <= life.total_seconds():
        raise _refused("this token is over")
    return Visitor(parts[1], InboxId(parts[2]))


def _mac(said: str, sign: Sign) -> str:
    return urlsafe_b64encode(sign(PURPOSE, said.encode())).decode().rstrip("=")


def _refused(why: str) -> Rejected:
    return Rejected(why, Reason.UNAUTHORISED)
