"""A contact and its customer in the shapes that are given out (design: `api.md`)."""

import msgspec

from frontline.contract.customer import Person
from frontline.contract.ids import ChannelName, ContactId, CustomerId, DeskId, InboxId
from frontline.contract.message import IdentityStatus
from router.index.row import Assignment, Clock, Offer, Row, Stamp, State, Why


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
    """Where a contact stands, and how long it will probably take: ISO 8601 durations."""

    position: int
    low: str
    high: str


class Contact(Row, frozen=True, kw_only=True):
    id: ContactId
    desk: DeskId
    inbox: InboxId
    channel: ChannelName
    subject: str
    state: State
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


class EncodedContact(Row, frozen=True, kw_only=True):
    """A `Contact` on its way out: what the index holds as JSON goes through as it is."""

    id: ContactId
    desk: DeskId
    inbox: InboxId
    channel: ChannelName
    subject: str
    state: str
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
