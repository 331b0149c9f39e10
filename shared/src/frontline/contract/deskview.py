"""What a desk shows to channels, and so to customers: who is there, how long it takes, where each
live contact stands. Written by the desk's leader to `DESKVIEW` under the desk's id, at most once a
second; ids and the names that agents agreed to show, nothing of a customer.
"""

from datetime import timedelta

from frontline.contract.clock import Instant
from frontline.contract.codec import EnvelopeDecoder
from frontline.contract.ids import AgentId, ContactId, DeskId
from frontline.contract.message import Envelope, Value


class Range(Value, frozen=True, kw_only=True):
    """A wait, as honestly as it can be told: most end between the two."""

    low: timedelta
    high: timedelta


class Present(Value, frozen=True, kw_only=True):
    """Somebody who is there and answers."""

    name: str
    picture: str = ""


class Standing(Value, frozen=True, kw_only=True):
    """Where a live contact (chat, phone) stands. `position` counts from 1 among those who wait. `here`: its
    customer is at the other end, as far as the desk has been told. `moved`: it has gone to another desk, whose
    word on it counts as soon as there is one.
    """

    state: str
    position: int = 0
    wait: Range | None = None
    agent: AgentId | None = None
    agent_name: str = ""
    agent_picture: str = ""
    here: bool = False
    moved: bool = False


class Foretold(Value, frozen=True, kw_only=True):
    """How right the waits were that people were told when they came, the latest hundred or so: the mean
    of what they waited longer, of how far that was off either way, and the part that ended in the range.
    """

    waits: int
    longer: timedelta
    off: timedelta
    within: float


class DeskView(Envelope, frozen=True, kw_only=True, tag="desk_view"):
    """`wait` is for somebody who would come now, by channel (the longest of its inboxes) and by channel and
    inbox (`chat.support`); what nobody can tell is not there. `opens_at` is when somebody will be there again, if that is known.
    """

    desk: DeskId
    at: Instant
    online: bool
    people: tuple[Present, ...] = ()
    wait: dict[str, Range] = {}
    opens_at: Instant | None = None
    contacts: dict[ContactId, Standing] = {}
    foretold: Foretold | None = None


decode_desk_view: EnvelopeDecoder[DeskView] = EnvelopeDecoder(DeskView)
