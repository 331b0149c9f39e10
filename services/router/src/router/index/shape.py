"""A contact and its customer in the shapes that are given out (design: `api.md`)."""

from datetime import timedelta

import msgspec

from frontline.contract.customer import Person
from frontline.contract.ids import ChannelName, ContactId, CustomerId, DeskId, InboxId
from frontline.contract.message import IdentityStatus
from router.index.row import Assignment, Clock, Offer, Presence, Row, Stamp, State, Why


class CustomerIdentity(Row, frozen=True, kw_only=True):
    """An address that a customer uses; `evidence` is why it is believed, as in `dmarc=pass`."""

    channel: ChannelName
    address: str
    status: IdentityStatus
    evidence: str = ""


class Customer(Row, frozen=True, kw_only=True):
    id: CustomerId
    name: str = ""
    identities: tuple[CustomerIdentity, ...] = ()


class Wait(Row, frozen=True, kw_only=True):
    """Where a contact stands, and how long it will probably take, as ISO 8601 durations; `null` if nobody can tell."""

    position: int
    low: timedelta | None
    high: timedelta | None


class Former(Row, frozen=True, kw_only=True):
    """Another contact of the same person, on whatever channel."""

    id: ContactId
    channel: ChannelName
    subject: str
    state: State
    customer: CustomerId
    opened_at: Stamp
    updated_at: Stamp


class AnswerBy(Row, frozen=True, kw_only=True):
    """Where a reply goes that names no channel and nobody."""

    channel: ChannelName
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()


class Contact(Row, frozen=True, kw_only=True):
    """`history` are the latest other contacts of this person, youngest first: of this customer, and of those who
    proved to have the same address. `linked_from` are those that were split off from this one, or named it
    without proof. Both stand in one contact, not in lists.
    """

    id: ContactId
    desk: DeskId
    inbox: InboxId
    channel: ChannelName
    subject: str
    state: State
    presence: Presence
    lane: str
    priority_reason: str
    language: str | None
    tags: tuple[str, ...]
    customer: Customer
    assignment: Assignment | None
    offer: Offer | None
    why: tuple[Why, ...]
    clocks: tuple[Clock, ...]
    wait: Wait | None
    opened_at: Stamp
    updated_at: Stamp
    linked_to: ContactId | None
    merged_into: ContactId | None
    alarm: bool
    history: tuple[Former, ...] | None = None
    answer_by: AnswerBy | None = None
    linked_from: tuple[ContactId, ...] | None = None


class EncodedContact(Row, frozen=True, kw_only=True):
    """A `Contact` on its way out: what the index holds as JSON goes through as it is."""

    id: ContactId
    desk: DeskId
    inbox: InboxId
    channel: ChannelName
    subject: str
    state: str
    presence: str
    lane: str
    priority_reason: str
    language: str | None
    tags: tuple[str, ...]
    customer: msgspec.Raw | Customer
    assignment: Assignment | None
    offer: msgspec.Raw | None
    why: msgspec.Raw
    clocks: msgspec.Raw
    wait: Wait | None
    opened_at: Stamp
    updated_at: Stamp
    linked_to: ContactId | None
    merged_into: ContactId | None
    alarm: bool
    history: tuple[Former, ...] | None = None
    answer_by: AnswerBy | None = None
    linked_from: tuple[ContactId, ...] | None = None


def proven(person: Person) -> set[str]:
    """The mail addresses that are proven to be this person's, in one writing: their own on a channel of mail, or
    one that whoever vouches for them names as evidence (`address=...`). A claimed one is never among them.
    """
    verified = [identity for identity in person.identities if identity.status is IdentityStatus.VERIFIED]
    named = [evidence.result for identity in verified for evidence in identity.evidence if evidence.method == "address"]
    found = [identity.address for identity in verified] + named
    return {address.casefold() for address in found if is_mail_address(address)}


def is_mail_address(text: str) -> bool:
    """By its form: other channels' addresses are numbers, names, or have a scheme (`sip:`)."""
    local, at, domain = text.rpartition("@")
    return bool(at and local and domain) and ":" not in text and " " not in text


def customer_of(person: Person) -> Customer:
    return Customer(
        id=person.id,
        name=person.name,
        identities=tuple(
            CustomerIdentity(
                channel=identity.channel,
                address=identity.address,
                status=identity.status,
                evidence=", ".join(f"{evidence.method}={evidence.result}" for evidence in identity.evidence),
            )
            for identity in person.identities
        ),
    )
