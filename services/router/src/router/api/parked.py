"""What could not be processed, for the desk that it belongs to."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from frontline.configuration.model import Desk
from frontline.runtime import parked
from frontline.runtime.parked import Parked
from router.api.call import Call, answer
from router.api.problem import FieldMistake, Invalid, not_found
from router.api.repeat import told_before
from router.api.shape import DropBody, Nothing, PageFilter, ParkedItem, ParkedItems
from router.index.row import stamp


async def list_parked(call: Call[Nothing, PageFilter]) -> web.Response:
    """Pages are cut before what belongs to other desks is left out, so one may hold fewer than asked for."""
    limit = call.query.limit
    found = await parked.list_parked(call.api.bus, after=_after(call.query.cursor), limit=limit)
    items = [_shown(item) for item in found if _belongs(item, call.who.desk)]
    return answer(ParkedItems(items=items, next=str(found[-1].id) if len(found) == limit else None))


async def release(call: Call[Nothing, Nothing]) -> web.Response:
    return await _settle(call, "released", lambda id_: parked.release(call.api.bus, id_, call.api.log))


async def drop(call: Call[DropBody, Nothing]) -> web.Response:
    reason = call.body.reason
    return await _settle(call, "dropped", lambda id_: parked.drop(call.api.bus, id_, reason, call.api.log))


async def _settle(call: Call[Any, Any], done: str, act: Callable[[int], Awaitable[bool]]) -> web.Response:
    number = call.part("id")
    item = await parked.show(call.api.bus, int(number)) if number.isdecimal() and len(number) < 19 else None
    if item is not None and not _belongs(item, call.who.desk):
        item = None
    if not await told_before(call, possible=item is not None) and item is None:
        raise not_found("parked item")
    if item is not None:
        await act(item.id)
    return answer({"id": number, "done": done})


def _belongs(item: Parked, desk: Desk) -> bool:
    """Whether it came on, or was to go out on, one of the desk's inboxes, or is about the desk itself."""
    kind, _, rest = item.note.subject.partition(".")
    if kind in {"inbound", "outbound"}:
        channel, _, inbox = rest.partition(".")
        return any((ours.channel, ours.id) == (channel, inbox) for ours in desk.inboxes)
    return item.note.ids.get("desk") == desk.id or rest.partition(".")[0] == desk.id


def _shown(item: Parked) -> ParkedItem:
    note = item.note
    return ParkedItem(
        id=str(item.id),
        at=stamp(item.at),
        service=note.service,
        reason=note.reason,
        error=note.error,
        subject=note.subject,
        ids=note.ids,
        size=len(item.payload),
    )


def _after(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 18:
        raise Invalid(FieldMistake("cursor", "is not one that a list gave"))
    return int(cursor)
