"""`POST /webhook/{inbox}`: who may send, to which inbox, and what they are told."""

from asyncio import get_running_loop
from collections.abc import AsyncIterator
from datetime import timedelta

from aiohttp import web

from frontline.contract.channel import ORIGINALS, Host, Receive
from frontline.contract.clock import Clock
from frontline.contract.codec import to_milliseconds
from frontline.contract.error import Mistake, Reason, Rejected, SettingsError, Unavailable, answer_to
from frontline.contract.ids import InboxId
from intake_webhook.normalize import Arrival, identifier, normalise, parse
from intake_webhook.settings import WebhookSettings
from intake_webhook.signature import checked

_CHUNK = 128 * 1024


class Listener:
    """All that listens on one address."""

    def __init__(self, settings: WebhookSettings, host: Host, receive: Receive, clock: Clock) -> None:
        self._settings = settings
        self._host = host
        self._receive = receive
        self._clock = clock
        self._keys = settings.keys

    async def run(self) -> None:
        """Listen until cancelled; then finish the messages in hand, for as long as the grace lasts."""
        settings = self._settings
        app = web.Application(client_max_size=settings.webhook_max_size)
        app.router.add_post("/webhook/{inbox}", self.take)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=settings.webhook_grace)
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.webhook_host, settings.webhook_port).start()
            host, port = runner.addresses[0][:2]
            self._host.listening("http", f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
            await get_running_loop().create_future()
        except OSError as error:
            where = f"{settings.webhook_host}:{settings.webhook_port}"
            raise SettingsError([Mistake("FRONTLINE_WEBHOOK_PORT", f"{where} can't be listened on")]) from error
        finally:
            await runner.cleanup()

    async def take(self, request: web.Request) -> web.Response:
        try:
            message = await self._take(request)
        except web.HTTPRequestEntityTooLarge:
            return self._refused(Rejected("too large", Reason.TOO_LARGE))
        except Exception as error:  # noqa: BLE001 - a bug is "try again" to a sender: it must not cost a message
            return self._refused(error)
        return web.json_response({"id": message}, status=202)

    async def _take(self, request: web.Request) -> str:
        received = to_milliseconds(self._clock())
        inbox = InboxId(request.match_info["inbox"])
        body = await request.read()
        tolerance = timedelta(seconds=self._settings.webhook_tolerance)
        id_ = checked(self._keys, request.headers, body, now=received, tolerance=tolerance)
        if self._host.inboxes.by_id(inbox) is None:  # told to those only who may know it
            raise Rejected("there is no such inbox", Reason.UNKNOWN_INBOX)
        posted = parse(body)
        # The customer's own words are kept as they came, before the message that refers to them.
        original = await self._host.objects.put(ORIGINALS, f"{identifier(inbox, id_)}/0", _chunks(body))
        message = normalise(posted, Arrival(inbox=inbox, id=id_, received=received), original)
        await self._receive(message)
        return message.id

    def _refused(self, error: Exception) -> web.Response:
        status = answer_to(error).http
        self._host.meter.count("webhook_refusals", status=str(status))
        if isinstance(error, Rejected):
            return web.json_response({"detail": error.detail}, status=status)
        if not isinstance(error, Unavailable):
            self._host.log.error("webhook.failed", exc_info=error)
            return web.Response(status=status)
        return web.Response(status=status, headers={"Retry-After": str(max(1, round(error.retry_after)))})


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), _CHUNK):
        yield body[at : at + _CHUNK]
