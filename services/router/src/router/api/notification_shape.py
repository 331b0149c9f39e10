"""How an agent is told of what waits for them: bodies and answers."""

from typing import Annotated

import msgspec

from frontline.configuration.notify import USUAL, About, Notify, Way
from router.api.shape import Answer, Body
from router.index.row import Stamp

_Address = Annotated[str, msgspec.Meta(max_length=320)]
_Entry = Annotated[str, msgspec.Meta(max_length=200)]


class NotificationsBody(Body, frozen=True, kw_only=True):
    """All of it: what is left out is as if nothing had ever been said. `quiet` are entries such as
    `mon-fri 20:00-07:00`, by the clocks of `zone`. The console tells in any case.
    """

    ways: tuple[Way, ...] = ()
    mail: _Address = ""
    sms: _Address = ""
    ring: _Address = ""
    about: tuple[About, ...] = USUAL
    zone: Annotated[str, msgspec.Meta(max_length=100)] = "UTC"
    quiet: Annotated[tuple[_Entry, ...], msgspec.Meta(max_length=20)] = ()
    alarm_when_quiet: bool = False

    @property
    def notify(self) -> Notify:
        return Notify(**msgspec.structs.asdict(self))


class Notifications(Answer, frozen=True, kw_only=True):
    """`own`: said by the agent, not by the configuration. `can` are the ways there are at this desk; `lead`: a
    desk-wide alarm is told to them. `quiet_now` holds until `changes_at`.
    """

    ways: tuple[Way, ...]
    mail: str
    sms: str
    ring: str
    about: tuple[About, ...]
    zone: str
    quiet: tuple[str, ...]
    alarm_when_quiet: bool
    own: bool
    can: tuple[Way, ...]
    lead: bool
    quiet_now: bool
    changes_at: Stamp | None
