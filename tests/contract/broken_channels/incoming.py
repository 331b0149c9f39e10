"""Faults on the way in."""

import asyncio
import time
from contextlib import suppress
from typing import Any, ClassVar

import msgspec
from aiohttp import web

from frontline.contract.channel import Capabilities, Host, Receive
from frontline.contract.message import DeliveryReceipt, InboundMessage, message_id
from frontline.testing.echo.channel import EchoChannel
from frontline.testing.echo.listener import Listener


class _Faulty(EchoChannel):
    """The template, with another listener."""

    Listener: ClassVar[type[Listener]] = Listener

    async def serve(self, receive: Receive) -> None:
        await self.Listener(self._settings, self._host, receive, self._clock).run()


class AcksEarly(_Faulty):
    """Answers first and stores afterwards."""

    async def serve(self, receive: Receive) -> None:
        async with asyncio.TaskGroup() as tasks:

            async def later(message: InboundMessage | DeliveryReceipt) -> None:
                tasks.create_task(quietly(message))

            async def quietly(message: InboundMessage | DeliveryReceipt) -> None:
                with suppress(Exception):
                    await receive(message)

            await super().serve(later)


class LosesOnCancel(_Faulty):
    """Drops what is in hand when it is cancelled."""

    async def serve(self, receive: Receive) -> None:
        async with asyncio.TaskGroup() as tasks:

            async def fragile(message: InboundMessage | DeliveryReceipt) -> None:
                storing = tasks.create_task(receive(message))
                await asyncio.wait({storing})
                if storing.cancelled():
                    raise ConnectionResetError
                storing.result()

            tasks.create_task(super().serve(fragile))
            await asyncio.Event().wait()


class NeverEnds(_Faulty):
    """Takes its cancellation for somebody else's."""

    async def serve(self, receive: Receive) -> None:
        try:
            await super().serve(receive)
        except asyncio.CancelledError:
            await asyncio.Event().wait()


class BlocksTheLoop(_Faulty):
    class Listener(Listener):
        async def _take(self, request: web.Request) -> int:
            time.sleep(1.2)  # noqa: ASYNC251 - that is the fault
            return await super()._take(request)


class RaisesStrangeErrors(_Faulty):
    """Whatever is wrong with a message is a bug of its own."""

    class Listener(Listener):
        async def _take(self, request: web.Request) -> int:
            body = await request.json()
            body["id"] + body["from"] + body["text"]
            return await super()._take(request)


class TakesAnySize(_Faulty):
    """Reads all of it, and then looks how much that was."""

    class Listener(Listener):
        async def take(self, request: web.Request) -> web.Response:
            most, request._client_max_size = request._client_max_size, 0
            if len(await request.read()) > most:
                return web.Response(status=413)
            return await super().take(request)


class ChangesIdOnRepeat(_Faulty):
    async def serve(self, receive: Receive) -> None:
        count = 0

        async def renamed(message: InboundMessage | DeliveryReceipt) -> None:
            nonlocal count
            count += 1
            key = f"{message.key} {count}"
            await receive(msgspec.structs.replace(message, key=key, id=message_id(key)))

        await super().serve(renamed)


class NeverSaysListening(_Faulty):
    def __init__(self, settings: Any, host: Host) -> None:
        super().__init__(settings, _Silent(host))


class SaysListeningTooEarly(_Faulty):
    class Listener(Listener):
        async def run(self) -> None:
            self._host.listening("http", "http://127.0.0.1:1")
            await super().run()


class LogsWordsOfCustomers(_Faulty):
    async def serve(self, receive: Receive) -> None:
        async def talkative(message: InboundMessage | DeliveryReceipt) -> None:
            assert isinstance(message, InboundMessage)
            self._host.log.info("echo.taken", who=message.sender.address)
            await receive(message)

        await super().serve(talkative)


class LiesAboutAbilities(_Faulty):
    capabilities: ClassVar[Capabilities] = Capabilities(delivers_replies=True, replays=True)


class _Silent:
    """A host whose `listening` nobody calls."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def __getattr__(self, name: str) -> Any:
        return getattr(self._host, name)

    def listening(self, name: str, address: str) -> None:
        pass
