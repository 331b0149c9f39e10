"""What the API says of a desk (design: `api.md`). Fields are added, never renamed."""

from datetime import timedelta

from frontline.contract.ids import AgentId, ChannelName, DeskId
from router.api.shape import Answer, Availability
from router.index.row import Stamp


class DeskName(Answer, frozen=True, kw_only=True):
    """A desk that contacts can be handed to."""

    id: DeskId
    name: str


class DeskNames(Answer, frozen=True, kw_only=True):
    items: list[DeskName]
    next: str | None = None


class DeskPerson(Answer, frozen=True, kw_only=True):
    """`contacts` is how many they have in hand."""

    agent: AgentId
    name: str
    state: Availability
    until: Stamp | None
    on_duty: bool
    contacts: int


class WaitRange(Answer, frozen=True, kw_only=True):
    """Eight of ten waits end between the two."""

    low: timedelta
    high: timedelta


class ForetoldView(Answer, frozen=True, kw_only=True):
    """How right the waits were that people were told when they came, the latest hundred or so of `waits`: how
    much longer they took on average, how far off that was either way, and the part that ended in its range.
    """

    waits: int
    longer: timedelta
    off: timedelta
    within: float


class DeskStatus(Answer, frozen=True, kw_only=True):
    """`waiting` are contacts that nobody has, by channel. `wait` is for somebody who would come now, by
    channel and by channel and inbox (`chat.support`); what nobody can tell is not there. `as_of` is when the
    desk's leader said so, `null` if it never has.
    """

    desk: DeskId
    name: str
    online: bool
    opens_at: Stamp | None
    people: list[DeskPerson]
    waiting: dict[ChannelName, int]
    wait: dict[str, WaitRange]
    foretold: ForetoldView | None
    as_of: Stamp | None
