"""Decided events for everybody else: webhooks, trackers, metrics, your own subscriber.

They stand on the stream `EVENTS` under `event.<desk>.<type>` and name ids only; the words are
in the transcript. `id` is `<epoch>.<index>.<n>` and grows; a reader that has seen it drops a repeat.
"""

from typing import Any

from frontline.contract.clock import Instant
from frontline.contract.ids import AgentId, ContactId, DeskId
from frontline.contract.message import Envelope


class DeskEvent(Envelope, frozen=True, kw_only=True, tag="desk_event"):
    """One thing that a desk decided. `data` holds the event's own fields, as in the reference."""

    id: str
    desk: DeskId
    kind: str
    at: Instant
    contact: ContactId | None = None
    agent: AgentId | None = None
    data: dict[str, Any] = {}
