"""Stands between a plug-in and the host's `receive`: holds a message up, or fails to store it."""

import asyncio
from typing import Any

from frontline.contract.channel import Receive
from frontline.contract.message import DeliveryReceipt, InboundMessage


class Gate:
    """Open, until told otherwise."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        """Set as soon as the plug-in has called `receive`."""
        self.passed: list[InboundMessage | DeliveryReceipt] = []
        self._open = asyncio.Event()
        self._open.set()
        self._error: Exception | None = None

    def hold(self) -> None:
        """Keep whatever comes waiting."""
        self.entered.clear()
        self._open.clear()

    def release(self) -> None:
        """Store what waits and whatever comes."""
        self._error = None
        self._open.set()

    def fail(self, error: Exception) -> None:
        """Raise `error` for what waits and whatever comes, until released."""
        self._error = error
        self._open.set()

    def in_front_of(self, receive: Receive) -> Receive:
        async def gated(message: InboundMessage | DeliveryReceipt) -> None:
            self.entered.set()
            await self._open.wait()
            if self._error is not None:
                raise self._error
            await receive(message)
            self.passed.append(message)

        return gated


def watched(plugin: Any, gate: Gate, made: list[Any], probe: Any) -> Any:
    """A plug-in that is `plugin` in everything, with `gate` in front of `receive` and `probe` around its host."""

    async def serve(self: Any, receive: Receive) -> None:
        await plugin.serve(self, gate.in_front_of(receive))

    def init(self: Any, settings: Any, host: Any) -> None:
        plugin.__init__(self, settings, probe(host))
        made.append(self)

    return type(plugin.__name__, (plugin,), {"serve": serve, "__init__": init})
