"""That somebody was erased. See `event.py` for the rules; what follows in the stores is no decision."""

from frontline.contract.ids import AgentId, ContactId, CustomerId
from router.core.happened import Event


class ContactErased(Event, frozen=True, kw_only=True):
    """Its words go from every store, and nothing leads to it any more; what was counted stays counted."""

    contact: ContactId
    agent: AgentId | None = None
    """Who had it in hand, or was asked."""


class CustomerErased(Event, frozen=True, kw_only=True):
    """Who they were goes from every store. Whoever writes from their addresses from now on is `successor`,
    somebody whom nobody knows.
    """

    customer: CustomerId
    successor: CustomerId
