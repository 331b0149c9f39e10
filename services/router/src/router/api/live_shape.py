"""What is said over `GET /api/live`."""

from typing import Any

import msgspec

from frontline.contract.ids import AgentId, ContactId
from router.index.row import Stamp

PATH = "/api/live"


class Hello(msgspec.Struct, frozen=True, tag_field="type", tag="hello"):
    token: str


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    seq: int
    at: Stamp
    event: str
    contact: ContactId | None = None
    agent: AgentId | None = None
    data: dict[str, Any] = {}
    more: bool = False
    """Whether more of the same `seq` follows."""
