"""Customers from whom nothing is heard, and when we write to them. Kept beside the contacts: a check-in may come
after its contact was closed, and what its customer writes about something else stops it, too.
"""

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import NamedTuple

from frontline.contract.ids import ChannelName, ContactId, CustomerId, InboxId


class Silence(NamedTuple):
    """Nothing has been heard `since` then, and `rule` says what follows from that."""

    rule: str
    since: datetime


@dataclass(slots=True, eq=False)
class CheckIn:
    """`due_at` is when it is to be written, the very object that stands in the heap."""

    contact: ContactId
    rule: str
    customer: CustomerId
    channel: ChannelName
    inbox: InboxId
    due_at: datetime


class CheckInsKept(NamedTuple):
    """All of them, for a snapshot."""

    armed: tuple[tuple[ContactId, str, CustomerId, ChannelName, InboxId, datetime], ...] = ()
    wanted: tuple[tuple[ContactId, tuple[Silence, ...]], ...] = ()
    done: tuple[tuple[ContactId, tuple[str, ...]], ...] = ()


class CheckIns:
    """`armed` are those to come, by contact and rule. `wanted` are contacts that have fallen silent and whose
    check-ins are armed next; `done` says which rules have had their say in a contact: each has it once.
    """

    __slots__ = ("_by_customer", "armed", "done", "wanted")

    def __init__(self) -> None:
        self.armed: dict[ContactId, dict[str, CheckIn]] = {}
        self._by_customer: dict[CustomerId, dict[ContactId, None]] = {}
        self.wanted: dict[ContactId, tuple[Silence, ...]] = {}
        self.done: dict[ContactId, tuple[str, ...]] = {}

    def get(self, contact: ContactId, rule: str) -> CheckIn | None:
        return self.armed.get(contact, {}).get(rule)

    def of_customer(self, customer: CustomerId) -> tuple[ContactId, ...]:
        """The contacts after which they are to be written to."""
        return tuple(self._by_customer[customer]) if customer in self._by_customer else ()

    def add(self, check_in: CheckIn) -> None:
        self.armed.setdefault(check_in.contact, {})[check_in.rule] = check_in
        self._by_customer.setdefault(check_in.customer, {})[check_in.contact] = None

    def remove(self, check_in: CheckIn) -> None:
        armed = self.armed[check_in.contact]
        del armed[check_in.rule]
        if not armed:
            del self.armed[check_in.contact]
            theirs = self._by_customer[check_in.customer]
            del theirs[check_in.contact]
            if not theirs:
                del self._by_customer[check_in.customer]

    def __iter__(self) -> Iterator[CheckIn]:
        """All that are armed, in the order in which their contacts fell silent."""
        return iter([each for armed in self.armed.values() for each in armed.values()])

    def keep(self) -> CheckInsKept:
        return CheckInsKept(tuple(astuple(each) for each in self), tuple(self.wanted.items()), tuple(self.done.items()))
