"""Attachments and originals, to be saved and never to be shown as a page of ours.

What customers send is hostile: it goes out as a download, under a policy that lets it do nothing
even if a browser shows it. An object is given only to the desk that has a message with it.
"""

import re
from contextlib import aclosing
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from aiohttp import web

from frontline.contract.error import Unavailable
from frontline.contract.ids import MessageId
from frontline.contract.message import ObjectRef
from frontline.contract.transcript import TranscriptItem
from router.api.call import Call
from router.api.problem import not_found
from router.api.shape import Nothing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_HARMLESS = re.compile(
    r"(?:image/(?:png|jpeg|gif|webp|avif)|audio/[\w.+-]+|video/[\w.+-]+|application/pdf|text/plain)\Z"
)
_OTHER = "application/octet-stream"
_PLAIN = re.compile(r"[^A-Za-z0-9._ -]")


async def download(call: Call[Nothing, Nothing]) -> web.StreamResponse:
    name, media_type, ref = _find(call)
    async with aclosing(cast("AsyncGenerator[bytes, None]", call.api.files.get(ref))) as chunks:
        # Before the first bytes are there nothing is promised: a store out of reach is a 503, not half a file.
        first = await anext(chunks, b"")
        response = web.StreamResponse(headers=_headers(name, media_type, ref))
        await response.prepare(call.request)
        try:
            await response.write(first)
            async for chunk in chunks:
                await response.write(chunk)
            await response.write_eof()
        except Unavailable:
            # The length was promised: cut off, the client sees that something is missing.
            call.api.metrics.failed("api_object")
            call.api.log.warning("api.object_cut_off", bucket=ref.bucket, object=ref.name)
            if call.request.transport is not None:
                call.request.transport.abort()
    return response


def _find(call: Call[Nothing, Nothing]) -> tuple[str, str, ObjectRef]:
    """Name, media type and place of an object. Objects are named after their message: `<id>/<n>`."""
    bucket, name = call.part("bucket"), call.part("name")
    said = call.api.index.read.item(MessageId(name.partition("/")[0]))
    if said is None or call.api.index.read.here(call.who.desk.id, said.item.contact) is None:
        raise not_found("object")
    for title, media_type, ref in _objects(said.item):
        if (ref.bucket, ref.name) == (bucket, name):
            return title, media_type, ref
    raise not_found("object")


def _objects(item: TranscriptItem) -> list[tuple[str, str, ObjectRef]]:
    found = [(file.name, file.media_type, file.content) for file in item.attachments]
    if item.original is not None and not item.withheld:
        found.append((f"{item.id}.eml" if item.channel == "email" else item.id, _OTHER, item.original))
    return found


def _headers(name: str, media_type: str, ref: ObjectRef) -> dict[str, str]:
    fallback = _PLAIN.sub("_", name)[:120] or "file"
    return {
        "Content-Type": media_type.lower() if _HARMLESS.match(media_type.lower()) else _OTHER,
        "Content-Length": str(ref.size),
        "Content-Disposition": f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }
