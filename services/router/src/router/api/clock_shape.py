"""The bodies of what clocks hang on: waits, promises, lanes (design: `api.md`). Fields are added, never renamed."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from frontline.configuration.policy import Lane
from frontline.contract.ids import ContactId
from router.api.shape import Answer, Body, Text
from router.index.row import Stamp, State

When = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]


class WaitBody(Body, frozen=True, kw_only=True, rename={"who": "for"}):
    """Whom the contact waits for; `until` is when it comes back by itself."""

    who: Literal["customer", "third_party"]
    until: When | None = None


class PromiseBody(Body, frozen=True, kw_only=True):
    """By when the customer will hear from us, and about what; `text` becomes a note."""

    due_at: When
    text: Text

    def mistakes(self) -> Iterator[tuple[str, str]]:
        if not self.text.strip():
            yield "$.text", "is blank"


class LaneBody(Body, frozen=True, kw_only=True):
    lane: Lane
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Waits(Answer, frozen=True, kw_only=True):
    id: ContactId
    state: State
    until: Stamp | None


class InLane(Answer, frozen=True, kw_only=True):
    id: ContactId
    lane: Lane
