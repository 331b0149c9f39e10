"""Who the host page says that its visitor is: a JWT under the secret of the inbox. Pure.

RFC 7519 with HS256 (RFC 7518, 3.2). Needed are `sub` (the page's own id of the person) and `exp`;
`name` and `email` are taken over; `aud`, if there is one, has to name the inbox.
"""

from datetime import datetime

import jwt
import msgspec

from frontline.contract.error import Reason, Rejected
from frontline.contract.ids import InboxId

_LEEWAY = 60.0
_CHECKED_HERE = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
"""By the clock and the inbox that we are given; the library would read the process's own clock."""


class Person(msgspec.Struct, frozen=True):
    """What the host page vouches for. `subject` is its id of the person, unique in one inbox."""

    subject: str
    name: str = ""
    email: str = ""


class _Claims(msgspec.Struct):
    sub: str | int
    exp: float
    nbf: float = 0
    name: str = ""
    email: str = ""
    aud: str | list[str] = []


def person_of(token: str, secret: str | None, inbox: InboxId, now: datetime) -> Person:
    """Raises `Rejected` for a JWT that is not signed with the secret of this inbox, or not valid now."""
    if not secret:
        raise _refused("this inbox takes nobody's word for who its visitors are")
    try:
        decoded = jwt.decode(token, secret, algorithms=["HS256"], options=_CHECKED_HERE)  # type: ignore[arg-type]
        claims = msgspec.convert(decoded, _Claims)
    except (jwt.InvalidTokenError, msgspec.ValidationError) as error:
        raise _refused("the identity is not signed for this inbox, or not complete") from error
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    instant = now.timestamp()
    if audience and inbox not in audience:
        raise _refused("the identity is for another inbox")
    if not claims.nbf - _LEEWAY <= instant < claims.exp + _LEEWAY:
        raise _refused("the identity is over, or not valid yet")
    subject = str(claims.sub)
    if not 0 < len(subject) <= 200:
        raise _refused("the identity has no usable sub")
    return Person(subject, claims.name[:200], claims.email[:320] if "@" in claims.email else "")


def _refused(why: str) -> Rejected:
    return Rejected(why, Reason.FORBIDDEN)
