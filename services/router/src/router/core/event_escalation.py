"""What a policy has done about clocks that warn or are breached. See `event.py` for the rules."""

from frontline.contract.ids import AgentId, ContactId
from router.core.happened import Event


class Escalated(Event, frozen=True, kw_only=True):
    """`target` of the contact has come to `fraction` of its time (1: it is breached), and `agents` are to be
    told, by every way that reaches them. Events behind it say what was done besides.
    """

    contact: ContactId
    target: str
    fraction: float
    agents: tuple[AgentId, ...] = ()
    taken_from: AgentId | None = None
    """Who was asked for it or had it, and did not answer: they are among those who are told."""
