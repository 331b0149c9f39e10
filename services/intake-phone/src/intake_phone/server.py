"""Twilio's webhooks over HTTP: who may call, what they get, and what they are told when it fails."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from aiohttp import web

from frontline.contract.channel import Host
from frontline.contract.error import Mistake, Reason, Rejected, SettingsError, Unavailable, answer_to
from frontline.contract.secret import Secret
from intake_phone.filelink import FileLinks
from intake_phone.messaging import TextsIn
from intake_phone.normalize import Form
from intake_phone.origin import base_url
from intake_phone.ringing import Ringing
from intake_phone.settings import PhoneSettings
from intake_phone.signature import HEADER, SETTINGS_HEADER, algorithm, is_body_named, is_signed
from intake_phone.voice import Voice

_TIDY_SECONDS = 0.5
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 500

Page = Callable[[Form, Form], Awaitable[str | None]]
Fallback = Callable[[Form], str]


class Server:
    """Listens until the end of `listening`."""

    def __init__(self, settings: PhoneSettings, host: Host, tokens: tuple[Secret, ...], links: FileLinks) -> None:
        self._settings = settings
        self._host = host
        self._tokens = tokens
        self._links = links
        self._proxies = settings.proxies
        self.app = web.Application(client_max_size=settings.phone_max_body)
        self.runner: web.AppRunner | None = None

    def routes(self, voice: Voice, ringing: Ringing, texts: TextsIn) -> None:
        pages: Mapping[str, tuple[Page, Fallback | None]] = {
            "voice": (voice.incoming, None),
            "voice/menu": (voice.menu, None),
            "voice/wait": (voice.wait, voice.still_waiting),
            "voice/voicemail": (voice.voicemail, None),
            "voice/recording": (voice.recording, None),
            "voice/transcription": (voice.transcription, None),
            "voice/status": (voice.status, None),
            "voice/agent": (ringing.page, None),
            "messaging/status": (texts.status, None),
        }
        for path, (page, fallback) in pages.items():
            self.app.router.add_post(f"/twilio/{path}", self._webhook(page, fallback))
        self.app.router.add_post("/twilio/messaging", self._messaging(texts))
        self.app.router.add_get("/twilio/files/{sealed}", self._file)

    async def start(self) -> str:
        """Listen; gives `host:port`."""
        settings = self._settings
        self.runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=_TIDY_SECONDS)
        await self.runner.setup()
        try:
            await web.TCPSite(self.runner, settings.phone_host, settings.phone_port, backlog=1024).start()
        except (OSError, UnicodeError) as error:
            await self.runner.cleanup()
            where = f"{settings.phone_host}:{settings.phone_port}"
            raise SettingsError([Mistake("FRONTLINE_PHONE_PORT", f"{where} can't be listened on")]) from error
        name, port = self.runner.addresses[0][:2]
        return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"

    async def close(self) -> None:
        """Take nothing new."""
        if self.runner is not None:
            for site in tuple(self.runner.sites):
                await site.stop()

    async def cleanup(self) -> None:
        if self.runner is not None:
            await self.runner.cleanup()

    def _webhook(self, page: Page, fallback: Fallback | None) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            query = dict(parse_qsl(request.query_string, keep_blank_values=True))
            try:
                form, _ = await self._checked(request)
            except Exception as error:  # noqa: BLE001 - whatever happens has an answer
                return self._problem(request, error)
            try:
                async with asyncio.timeout(self._settings.phone_answer_seconds + 2):
                    return _answer(await page(form, query))
            except Exception as error:  # noqa: BLE001 - as above
                answer = self._problem(request, error)
                return answer if fallback is None else _answer(fallback(query))

        return handle

    def _messaging(self, texts: TextsIn) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            try:
                form, body = await self._checked(request)
                return _answer(await texts.incoming(form, body))
            except Exception as error:  # noqa: BLE001 - whatever happens has an answer
                return self._problem(request, error)

        return handle

    async def _checked(self, request: web.Request) -> tuple[Form, bytes]:
        """The parameters of a webhook that Twilio signed. `Rejected` as forbidden for any other."""
        body = await request.read()
        is_form = request.content_type == _FORM
        pairs = _pairs(body) if is_form else []
        base = base_url(
            self._settings.phone_public_url, request.scheme, request.headers, request.remote or "", self._proxies
        )
        url = base + request.raw_path
        headers = request.headers
        signed = is_signed(
            url,
            pairs,
            headers.get(HEADER, ""),
            self._tokens,
            digest=algorithm(headers[SETTINGS_HEADER]) if SETTINGS_HEADER in headers else "sha1",
        )
        if not signed or (not is_form and body and not is_body_named(url, body)):
            self._host.meter.count("signatures_refused")
            raise Rejected("not signed by our account", Reason.FORBIDDEN)
        # Of a repeated parameter the first one counts, as for `request.query`.
        return dict(reversed(pairs)), body

    async def _file(self, request: web.Request) -> web.StreamResponse:
        """A file of a reply, for the carrier to fetch."""
        try:
            file = self._links.opened(request.match_info["sealed"])
            response = web.StreamResponse(
                headers={
                    "Content-Type": file.media_type.replace("\r", "").replace("\n", ""),
                    "Content-Length": str(file.content.size),
                    "Content-Security-Policy": "sandbox",
                    "X-Content-Type-Options": "nosniff",
                    "Cache-Control": "private, no-store",
                }
            )
            chunks = self._host.objects.get(file.content)
            first = await anext(aiter(chunks), b"")
            await response.prepare(request)
            await response.write(first)
            async for chunk in chunks:
                await response.write(chunk)
        except (Rejected, Unavailable) as error:
            return self._problem(request, error)
        else:
            return response

    def _problem(self, request: web.Request, error: Exception) -> web.Response:
        """The status for what went wrong. Nothing of the inside is told."""
        if isinstance(error, TimeoutError):
            error = Unavailable("this took too long")
        if isinstance(error, web.HTTPException):
            return web.Response(status=error.status, text=error.reason)
        status = answer_to(error).http
        self._host.meter.count("webhooks_refused", status=str(status))
        if status != HTTPStatus.INTERNAL_SERVER_ERROR:
            self._host.log.warning(
                "phone.refused", path=request.path if "/files/" not in request.path else "files", status=status
            )
        else:
            self._host.meter.count("failures", where="webhook")
            self._host.log.error("phone.failed", path=request.path, exc_info=error)
        detail = error.detail if isinstance(error, Rejected | Unavailable) else "something went wrong here"
        headers = {"Retry-After": str(round(error.retry_after))} if isinstance(error, Unavailable) else None
        return web.Response(status=status, text=detail, headers=headers)


def _pairs(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise Rejected("this form can't be read") from error


def _answer(said: str | None) -> web.Response:
    if said is None:
        return web.Response(status=HTTPStatus.NO_CONTENT)
    return web.Response(text=said, content_type="text/xml")
