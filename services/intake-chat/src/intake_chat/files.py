"""Files of a conversation: sent before the message that names them, fetched by a sealed address.

What customers send is hostile: it goes out as a download, under a policy that lets it do nothing
even if a browser shows it.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

import msgspec
from aiohttp import web

from frontline.contract.channel import ATTACHMENTS
from frontline.contract.error import Reason, Rejected, Unavailable
from frontline.contract.message import message_id
from intake_chat import answer
from intake_chat.frames import MOST_FILES
from intake_chat.limit import Buckets
from intake_chat.normalize import key_of
from intake_chat.seal import Link, Upload, seal, unseal
from intake_chat.token import verify

if TYPE_CHECKING:
    from intake_chat.hub import Hub

_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,63}/[a-z0-9][a-z0-9.+-]{0,126}\Z")
_OTHER = "application/octet-stream"
_SHOWN = re.compile(r"(?:image/(?:png|jpeg|gif|webp|avif)|audio/[\w.+-]+|video/[\w.+-]+|application/pdf|text/plain)\Z")
_PLAIN = re.compile(r"[^A-Za-z0-9._ -]")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069/\\]")
"""What a file's name must not hold: controls, turned writing direction, folders."""


class Sent(msgspec.Struct, frozen=True):
    """The answer to an upload: `ref` goes into the message."""

    ref: str
    name: str
    media_type: str
    size: int


class Files:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._in_hand = 0
        self._allowed = Buckets(hub.settings.chat_files_per_minute, hub.settings.chat_files_per_minute)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """`POST /chat/files?message=<client id>&n=<1..10>&name=<file name>`, the file as the body, the visitor's
        token as bearer. The same file again under the same number is harmless.
        """
        hub, now = self._hub, self._hub.clock()
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        visitor = verify(token, hub.host.sign, now, hub.life)
        client_id, number = request.query.get("message", ""), request.query.get("n", "1")
        if not _CLIENT_ID.match(client_id):
            raise Rejected("say which message the file belongs to: message=<its id>")
        if not (number.isascii() and number.isdecimal() and len(number) <= 2 and 1 <= int(number) <= MOST_FILES):
            raise Rejected(f"a message has files 1 to {MOST_FILES}: n=<which>")
        if self._allowed.take(visitor.id, now.timestamp()):
            raise Rejected("too many files: a moment, please", Reason.TOO_MANY)
        if (request.content_length or 0) > hub.settings.chat_max_file:
            raise self._too_large()
        if self._in_hand >= hub.settings.chat_max_uploads:
            raise Unavailable("too many files are being sent", full=True)
        self._in_hand += 1
        try:
            async with asyncio.timeout(hub.settings.chat_upload_timeout):
                name = f"{message_id(key_of(visitor, client_id))}/{int(number)}"
                content = await hub.host.objects.put(ATTACHMENTS, name, self._bounded(request))
        except TimeoutError as error:
            raise Rejected("the file took too long", Reason.TOO_LARGE) from error
        finally:
            self._in_hand -= 1
        title, media_type = file_name(request.query.get("name", "")), _media_type(request.content_type)
        ref = seal(Upload(visitor.id, content, title, media_type), hub.host.sign)
        hub.host.meter.count("files")
        return answer.json(Sent(ref, title, media_type, content.size), HTTPStatus.CREATED)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """`GET /chat/files/<sealed>`: the address was given to the conversation's own visitor, for some hours."""
        link = unseal(request.match_info["sealed"], Link, self._hub.host.sign)
        if link.until < self._hub.clock().timestamp():
            raise Rejected("this address is over; open the conversation again", Reason.NOT_FOUND)
        chunks = cast("AsyncGenerator[bytes, None]", self._hub.host.objects.get(link.content))
        async with aclosing(chunks):
            # Before the first bytes are there nothing is promised: a store out of reach is a 503, not half a file.
            first = await anext(chunks, b"")
            response = web.StreamResponse(headers=_headers(link))
            await response.prepare(request)
            try:
                await response.write(first)
                async for chunk in chunks:
                    await response.write(chunk)
                await response.write_eof()
            except Unavailable as error:
                self._hub.failed("download", error)
                if request.transport is not None:
                    request.transport.abort()  # the length was promised: the client sees that something is missing
        return response

    async def _bounded(self, request: web.Request) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in request.content.iter_any():
            size += len(chunk)
            if size > self._hub.settings.chat_max_file:
                raise self._too_large()
            yield chunk
        if not size:
            raise Rejected("the file is empty")

    def _too_large(self) -> Rejected:
        return Rejected(f"larger than {self._hub.settings.chat_max_file} bytes", Reason.TOO_LARGE)


def file_name(given: str) -> str:
    """A name that can be shown and saved anywhere."""
    return _UNSEEN.sub("_", given).strip(" .")[-120:] or "file"


def _media_type(given: str) -> str:
    return given.lower() if _TYPE.match(given.lower()) else _OTHER


def _headers(link: Link) -> dict[str, str]:
    fallback = _PLAIN.sub("_", link.name) or "file"
    return {
        "Content-Type": link.media_type if _SHOWN.match(link.media_type) else _OTHER,
        "Content-Length": str(link.content.size),
        "Content-Disposition": f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(link.name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "private, max-age=3600",
    }
