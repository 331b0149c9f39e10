"""What desks decide about contacts that go from one to another. See `event.py` for the rules."""

from frontline.contract.ids import AgentId, ContactId, DeskId
from router.core.happened import Event
from router.core.parcel import Parcel, Trail

PRIVATE = ("parcel",)
"""What desks say to each other and to nobody else."""


class TransferBegun(Event, frozen=True, kw_only=True):
    """`by` gives the contact to another desk. Until that has said yes it stays here, with its clocks."""

    contact: ContactId
    desk: DeskId
    by: AgentId
    moves: int
    """How often it will have changed desks."""
    trail: Trail = ()
    """Its way, with this step."""


class TransferRefused(Event, frozen=True, kw_only=True):
    """It stays, and waits before all others of its lane."""

    contact: ContactId
    desk: DeskId
    reason: str
    """The other desk's: `not_configured`, `already_here`, `closed`, `hop_limit`. Ours: `unanswered`, or
    `recalled` by `agent`.
    """
    agent: AgentId | None = None


class TransferTaken(Event, frozen=True, kw_only=True):
    """The other desk has said yes: the contact has left, as it was then. What comes for it is sent on."""

    contact: ContactId
    desk: DeskId
    parcel: Parcel


class TransferRecovered(Event, frozen=True, kw_only=True):
    """The contact had been given to another desk, and the log has lost that with its end: it is here no more, but at
    `desk`, or was when it had changed desks `moves` times.
    """

    contact: ContactId
    desk: DeskId
    moves: int


class ContactTaken(Event, frozen=True, kw_only=True):
    """The contact that `desk` has given is here, and waits before all others of its lane."""

    contact: ContactId
    desk: DeskId
    parcel: Parcel
    skills: tuple[str, ...] = ()
    """Those asked for that somebody here has."""
