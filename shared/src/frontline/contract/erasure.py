"""The journal of erasures, as the bucket `ERASED` holds it: ids only, and how far each has come.

It is what a restored backup is held against: whatever it names is erased again wherever it has come back.
"""

from typing import Literal, NamedTuple

import msgspec

from frontline.contract.clock import Instant
from frontline.contract.ids import ContactId, CustomerId, DeskId
from frontline.contract.message import Value

ERASED = ContactId("erased")
"""Where keys lead that led to an erased contact: nowhere, and nobody can tell from them where it was."""

Kind = Literal["contact", "customer"]


class Erasure(Value, frozen=True, kw_only=True):
    """`passes` is how often all stores have been gone through, the last time at `looked`; what was under way then is
    found by the second. `waits` are work queues and the sequence up to which each held something of theirs: its bytes
    go with the block of the file. `done` is when nothing was left anywhere.
    """

    at: Instant
    successor: CustomerId = CustomerId("")
    """For a customer: who writes from their addresses from now on."""
    passes: int = 0
    looked: Instant | None = None
    objects: tuple[tuple[str, str], ...] = ()
    """Buckets and names of what its messages came with, for a customer of those that were moved to others. A channel
    may have stored it again for a message that the broker then knew.
    """
    waits: dict[str, int] = {}
    done: Instant | None = None


class Name(NamedTuple):
    """Whose erasure it is, at which desk; as text `<desk>.<kind>.<id>`, the key in the bucket."""

    desk: DeskId
    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"{self.desk}.{self.kind}.{self.id}"


def name_of(key: str) -> Name | None:
    """`None` for what is no key of an erasure."""
    desk, _, rest = key.partition(".")
    kind, _, id_ = rest.partition(".")
    if not desk or not id_ or not id_.replace("-", "").replace("_", "").isalnum():
        return None
    if kind == "contact":
        return Name(DeskId(desk), "contact", id_)
    return Name(DeskId(desk), "customer", id_) if kind == "customer" else None


decode_erasure = msgspec.json.Decoder(Erasure).decode
