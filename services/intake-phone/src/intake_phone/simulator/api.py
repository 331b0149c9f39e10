"""The REST endpoints of Twilio that the channel calls, served by the simulator."""

from http import HTTPStatus

from aiohttp import web

from intake_phone.simulator.account import new_sid
from intake_phone.simulator.exchange import Exchange, Text
from intake_phone.simulator.line import Line
from intake_phone.simulator.person import Person


class Api:
    """`refusals` are answered first, one a request that would make something: (status, code, message)."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._lines: dict[str, Line] = {}
        self.refusals: list[tuple[int, int, str]] = []
        self.calls_made: list[dict[str, str]] = []

    def mount(self, app: web.Application, prefix: str = "") -> None:
        root = f"{prefix}/2010-04-01/Accounts/{self._exchange.account.sid}"
        app.router.add_post(f"{root}/Messages.json", self._messages)
        app.router.add_post(f"{root}/Calls.json", self._calls)
        app.router.add_get(f"{root}/Calls/{{sid}}.json", self._call)
        app.router.add_post(f"{root}/Calls/{{sid}}.json", self._end_call)
        app.router.add_delete(f"{root}/Queues/{{sid}}.json", self._queue)
        app.router.add_get(f"{root}/{{file:(?:Recordings|Messages)/.+}}", self._file)

    async def _messages(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (refused := self._refused(request)) is not None:
            return refused
        text = Text(
            sid=new_sid("SM"),
            to=str(form.get("To", "")),
            sender=str(form.get("From", form.get("MessagingServiceSid", ""))),
            body=str(form.get("Body", "")),
            media=[str(url) for url in form.getall("MediaUrl", [])],
            callback=str(form.get("StatusCallback", "")),
        )
        await self._exchange.text_out(text)
        return web.json_response({"sid": text.sid, "status": "queued"}, status=HTTPStatus.CREATED)

    async def _calls(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        if (refused := self._refused(request)) is not None:
            return refused
        call = new_sid("CA")
        self.calls_made.append({**form, "sid": call})
        self._exchange.tasks.create_task(self._ring(call, form), name=f"ring {call}")
        return web.json_response({"sid": call, "status": "queued"}, status=HTTPStatus.CREATED)

    async def _ring(self, call: str, form: dict[str, str]) -> None:
        exchange, to = self._exchange, form.get("To", "")
        about = {"CallSid": call, "From": form.get("From", ""), "To": to, "Direction": "outbound-api"}
        person = exchange.phones.get(to)
        line = self._lines[call] = Line(exchange, about, person or Person(), f"agent at {to}")
        exchange.tell(f"agent at {to} is rung")
        if person is not None:
            line.start(form.get("Url", ""), form.get("StatusCallback", ""), form.get("Twiml", ""))
            return
        exchange.calls[call] = about
        for _ in range(int(form.get("Timeout", "60"))):
            await exchange.pass_time(1)
            if line.over.is_set():
                break
        status = "canceled" if line.over.is_set() else "no-answer"
        exchange.tell(f"agent at {to} is rung no more ({status})")
        if callback := form.get("StatusCallback"):
            await exchange.quietly(callback, {**about, "CallStatus": status})

    async def _call(self, request: web.Request) -> web.Response:
        if (refused := self._stranger(request)) is not None:
            return refused
        about = self._exchange.calls.get(request.match_info["sid"])
        if about is None:
            return _error(404, 20404, "The requested resource was not found")
        return web.json_response({"sid": about["CallSid"], "from": about.get("From", ""), "to": about.get("To", "")})

    async def _end_call(self, request: web.Request) -> web.Response:
        form = await request.post()
        if (refused := self._stranger(request)) is not None:
            return refused
        line = self._lines.get(request.match_info["sid"])
        if line is None:
            return _error(404, 20404, "The requested resource was not found")
        if form.get("Status") in {"completed", "canceled"}:
            line.over.set()
            line.hang_up()
        return web.json_response({"sid": line.sid, "status": "completed"})

    async def _queue(self, request: web.Request) -> web.Response:
        if (refused := self._stranger(request)) is not None:
            return refused
        self._exchange.deleted_queues.append(request.match_info["sid"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def _file(self, request: web.Request) -> web.Response:
        if (refused := self._stranger(request)) is not None:
            return refused
        file = self._exchange.files.get(request.match_info["file"])
        if file is not None:
            file.asked += 1
        if file is None or file.asked <= file.missing:
            return _error(404, 20404, "The requested resource was not found")
        return web.Response(body=file.data, content_type=file.media_type)

    def _refused(self, request: web.Request) -> web.Response | None:
        if (stranger := self._stranger(request)) is not None:
            return stranger
        return _error(*self.refusals.pop(0)) if self.refusals else None

    def _stranger(self, request: web.Request) -> web.Response | None:
        if self._exchange.account.is_theirs(request.headers.get("Authorization", "")):
            return None
        return _error(401, 20003, "Authenticate")


def _error(status: int, code: int, message: str) -> web.Response:
    return web.json_response({"status": status, "code": code, "message": message}, status=status)
