"""The durable consumers of a work queue, and what each of them takes. No subject is taken by two: the server
refuses it. So a filter is a claim that holds whatever becomes of whoever made it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from frontline.contract.error import Unavailable
from frontline.runtime.bus import Bus

_NO_CONSUMER = 10014


class _Config(msgspec.Struct):
    filter_subjects: list[str] = []
    filter_subject: str = ""


class _Consumer(msgspec.Struct):
    name: str
    config: _Config


class _Error(msgspec.Struct):
    err_code: int = 0
    description: str = ""


class _Page(msgspec.Struct):
    total: int = 0
    consumers: Sequence[_Consumer] = ()
    missing: Sequence[str] | None = None
    error: _Error | None = None


class _Answer(msgspec.Struct):
    error: _Error | None = None


async def filters(bus: Bus, stream: str) -> Mapping[str, frozenset[str]]:
    """What each consumer of the stream takes, by its name. Raises `Unavailable`, also when the server does not
    know all of them at the moment.
    """
    found: dict[str, frozenset[str]] = {}
    while True:
        page = await _page(bus, stream, len(found))
        for each in page.consumers:
            subjects: list[Any] = [*each.config.filter_subjects, each.config.filter_subject]
            found[each.name] = frozenset(subject for subject in subjects if subject)
        if not page.consumers or len(found) >= page.total:
            return found


async def _page(bus: Bus, stream: str, offset: int) -> _Page:
    answer = await bus.request(f"$JS.API.CONSUMER.LIST.{stream}", msgspec.json.encode({"offset": offset}))
    page = msgspec.json.decode(answer.data, type=_Page)
    if page.error is not None:
        raise Unavailable(f"the consumers of {stream}: {page.error.description}")
    if page.missing:
        raise Unavailable(f"the consumers of {stream} are not all there")
    return page


async def remove(bus: Bus, stream: str, durable: str) -> None:
    """Make sure that there is no such consumer. What it had handed out and is not acknowledged stays in the stream."""
    answer = await bus.request(f"$JS.API.CONSUMER.DELETE.{stream}.{durable}")
    error = msgspec.json.decode(answer.data, type=_Answer).error
    if error is not None and error.err_code != _NO_CONSUMER:
        raise Unavailable(f"consumer {durable} on {stream}: {error.description}")
