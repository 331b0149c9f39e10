"""What a desk remembers of contacts that it does not hold any more."""

from datetime import datetime, timedelta
from typing import NamedTuple

from frontline.contract.ids import DeskId

KEPT = timedelta(days=400)
"""How long a desk knows where a contact went: whoever answers an older mail of it opens a new one."""


class Gone(NamedTuple):
    """To which desk a contact has gone from here, `None` for one that came from another desk and is closed.
    `moves` is how often it had changed desks then.
    """

    desk: DeskId | None
    moves: int
    at: datetime
