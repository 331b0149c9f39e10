"""What is said about a route, once, for routing and for the document."""

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from router.api.call import Handler
from router.api.shape import Body, Nothing

KIB = 1024


@dataclass(frozen=True, slots=True)
class Route:
    """`path` has its variables in braces; `tail` lets the last one hold slashes. `answer` is the type
    of the JSON given, or a media type for bytes. `refuses` are the statuses besides those of every
    route.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    name: str
    summary: str
    handle: Handler
    answer: Any
    status: int = 200
    body: type[Body] | None = None
    query: type[Body] = Nothing
    body_bytes: int = 512 * KIB
    refuses: tuple[int, ...] = ()
    tail: bool = False
    decoder: "msgspec.json.Decoder[Any]" = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "decoder", msgspec.json.Decoder(self.body or Nothing))

    @property
    def pattern(self) -> str:
        """The path as aiohttp writes it."""
        return self.path[:-1] + ":.+}" if self.tail else self.path

    @property
    def reads(self) -> bool:
        return self.method == "GET"
