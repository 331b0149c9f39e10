"""What desks say to each other about contacts that go from one to another, and the bytes of it. Pure.

They stand on `transfer.<desk>`, each for the desk that it names, in JSON; fields are added with defaults and
never renamed. What a desk sends on of customers' words stands on `forward.<desk>`, as it came, and the header
`SENT_ON` says how.
"""

from collections.abc import Callable, Mapping

import msgspec

from frontline.contract import cloudevent, subject
from frontline.contract.error import Reason, Rejected
from frontline.contract.ids import ContactId, DeskId
from router.core import event_transfer
from router.core.command import SentOn
from router.core.elsewhere import Elsewhere
from router.core.event import DeskDecision
from router.core.event_transfer import TransferBegun, TransferTaken
from router.core.parcel import Parcel, Trail
from router.core.trail import HOP_LIMIT

SENT_ON = "ce-senton"
"""An extension of CloudEvents, so that it is kept where a message is parked. The JSON of a `SentOn`."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="TransferAsked"):
    """Will you take this contact? `home` asks; it will have changed desks `moves` times, on this `trail`."""

    contact: ContactId
    home: DeskId
    moves: int
    trail: Trail = ()


class Answered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="TransferAnswered"):
    """We take it; or not, and why."""

    contact: ContactId
    desk: DeskId
    taken: bool
    reason: str = ""


class Given(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="TransferGiven"):
    """Here it is."""

    parcel: Parcel


Said = Asked | Answered | Given

PRIVATE = event_transfer.PRIVATE

encode_said = msgspec.json.Encoder().encode
_decode_said: Callable[[bytes], Said] = msgspec.json.Decoder(Said).decode
_decode_sent_on = msgspec.json.Decoder(SentOn).decode


def word_of(desk: DeskId, id_: str, event: DeskDecision) -> tuple[str, bytes, dict[str, str]] | None:
    """Subject, bytes and headers of what `desk` says to another one by its decision `id_`, if it says anything."""
    said: Said
    match event:
        case TransferBegun():
            said = Asked(contact=event.contact, home=desk, moves=event.moves, trail=event.trail)
        case TransferTaken():
            said = Given(parcel=event.parcel)
        case _:
            return None
    head = cloudevent.headers(id=f"{desk}.{id_}.said", kind="transfer", source=f"/desks/{desk}", at=event.at)
    return subject.transfer(event.desk), encode_said(said), head


def decode_said(data: bytes) -> Said:
    """Raises `Rejected`."""
    try:
        return _decode_said(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rejected(f"nothing that desks say to each other: {error}", Reason.MALFORMED) from error


def sent_on_of(headers: Mapping[str, str] | None) -> SentOn:
    """How a message was sent on. Raises `Rejected` for one that does not say."""
    try:
        return _decode_sent_on((headers or {}).get(SENT_ON, ""))
    except msgspec.DecodeError as error:
        raise Rejected(f"does not say how it was sent on: {error}", Reason.MALFORMED) from error


def sent_on_to(where: Elsewhere, before: SentOn | None, desk: DeskId) -> SentOn:
    """How `desk` sends on what came to it, by `before` if another one had sent it on."""
    home = desk if before is None else before.home
    hops = HOP_LIMIT if where.final else (0 if before is None else before.hops) + 1
    return SentOn(home=home, hops=hops, contact=where.contact, key=where.key, moves=where.moves)
