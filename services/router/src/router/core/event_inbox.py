"""What a desk decides about the inboxes that it has. See `event.py` for the rules.

An inbox is in the hands of one desk at most: the one that took it and has not released it. Between
the two a desk decides upon what comes in there, before and after it does not.
"""

from frontline.contract.ids import ChannelName, InboxId
from router.core.happened import Event


class InboxTaken(Event, frozen=True, kw_only=True):
    """What comes in there is this desk's from here on. `version` is that of the settings which say so."""

    channel: ChannelName
    inbox: InboxId
    version: int


class InboxReleased(Event, frozen=True, kw_only=True):
    """Nothing that comes in there is decided by this desk any more; another one may take it once the
    indexes hold all that was. `version` is that of the settings by which it is given up: they do not name it any
    more, or the desk's consumer is made anew by them and the inbox taken again.
    """

    channel: ChannelName
    inbox: InboxId
    version: int
