"""What a handler gets and gives."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from aiohttp import web

from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.contract.ids import ContactId
from frontline.runtime.bus import Bus
from frontline.runtime.journal import Journal
from frontline.runtime.metrics import Metrics
from frontline.runtime.signing import Signer
from router.api.access import Access, Who
from router.api.port import Commands, Files, Mint
from router.api.problem import not_found
from router.index.read_index import ReadIndex
from router.index.row import ContactRow

SEQ = "X-Frontline-Seq"

_encode = msgspec.json.Encoder().encode
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

B = TypeVar("B", bound=msgspec.Struct)
Q = TypeVar("Q", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Api:
    """Everything that handlers work with."""

    bus: Bus
    access: Access
    signer: Signer
    index: ReadIndex
    commands: Commands
    files: Files
    clock: Clock
    mint: Mint
    metrics: Metrics
    log: Log
    journal: Journal


@dataclass(frozen=True, slots=True)
class Call(Generic[B, Q]):
    """One authenticated request, decoded. `key` is its `Idempotency-Key`, `seen` its `X-Frontline-Seq`."""

    request: web.Request
    api: Api
    who: Who
    body: B
    query: Q
    key: str
    seen: int

    def part(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]

    def contact(self) -> ContactRow:
        """The contact that the path names. `Declined` (404) if the agent's desk has no such one."""
        id_ = ContactId(self.part("id"))
        row = self.api.index.read.here(self.who.desk.id, id_)
        if row is None:
            gone = self.api.index.read.row(self.who.desk.id, id_)
            raise not_found("contact", "" if gone is None else f"It is at desk {gone.moved_to} now.")
        return row

    @property
    def traceparent(self) -> str:
        return self.request.headers.get("traceparent", "")


Handler = Callable[[Call[Any, Any]], Awaitable[web.StreamResponse]]


def answer(value: Any, *, status: int = 200, seq: int | None = None) -> web.Response:
    """`value` as JSON; `seq` is the log position that it shows or has made."""
    headers = _HEADERS if seq is None else {**_HEADERS, SEQ: str(seq)}
    return web.Response(status=status, body=_encode(value), content_type="application/json", headers=headers)
