"""Who says hello, and whether they may. Pure."""

from datetime import datetime, timedelta

import msgspec

from frontline.contract.error import Reason, Rejected
from frontline.contract.ids import InboxId
from intake_chat.frames import VERSION, Hello
from intake_chat.identity import Person, person_of
from intake_chat.token import Sign, Visitor, anonymous, identified, verify


class Admitted(msgspec.Struct, frozen=True):
    """`known` is one who may have been here before."""

    visitor: Visitor
    person: Person | None
    known: bool


def admit(hello: Hello, *, sign: Sign, secret: str | None, now: datetime, life: timedelta, chance: bytes) -> Admitted:
    """Raises `Rejected` for a token or an identity that is not good here and now.

    A signed identity is the whole answer: the same person is the same visitor on every device, and
    another person in the same browser is another visitor, whatever token is left there. A token of
    an identified visitor alone is worth nothing: they have logged out.
    """
    if hello.v != VERSION:
        raise Rejected(f"version {hello.v} of the protocol is not spoken here, {VERSION} is")
    inbox = InboxId(hello.inbox)
    if hello.identity:
        person = person_of(hello.identity, secret, inbox, now)
        return Admitted(identified(inbox, person.subject, sign), person, known=True)
    if hello.token:
        visitor = verify(hello.token, sign, now, life)
        if visitor.inbox != inbox:
            raise Rejected("this token is for another inbox", Reason.UNAUTHORISED)
        if not visitor.identified:
            return Admitted(visitor, None, known=True)
    return Admitted(anonymous(inbox, chance), None, known=False)
