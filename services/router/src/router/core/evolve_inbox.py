"""How inboxes come to a desk and leave it; a part of `evolve`, with the same promises."""

from router.core.event_inbox import InboxReleased, InboxTaken
from router.core.illegal import no
from router.core.state import DeskState


def taken(state: DeskState, event: InboxTaken) -> None:
    key = (event.channel, event.inbox)
    if key not in state.inboxes:
        no(f"inbox {event.inbox} of {event.channel} is not this desk's")
    if key in state.holdings.taken:
        no(f"inbox {event.inbox} of {event.channel} is taken already")
    state.holdings.take(key, event.version)


def released(state: DeskState, event: InboxReleased) -> None:
    key = (event.channel, event.inbox)
    if key not in state.holdings.taken:
        no(f"inbox {event.inbox} of {event.channel} is not in hand")
    state.holdings.release(key, event.version)
