"""nats-py's client where it is too slow or hangs, mended."""

import asyncio
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.protocol.parser import AWAITING_CONTROL_LINE, Parser

from frontline.runtime.cancel import cancellable

_PLAIN_HEADER = re.compile(r"([!-9;-~]+): ([!-~](?:[ -~]*[!-~])?)\r\n")


class PromptParser(Parser):
    """Reads acknowledgements, of which a service that stores has three for each message that it sends, at a third of
    what the patterns of nats-py cost; all else is left to these.
    """

    nc: "PromptClient"

    async def parse(self, data: bytes = b"") -> None:
        if not self.buf and self.state == AWAITING_CONTROL_LINE:
            data = data[self.nc.acknowledge(data) :]
        if data:
            await super().parse(data)


class PromptClient(Client):
    """nats-py leaves a lost connection only once everything it had to send has gone out: not for a
    quarter of an hour if the network swallows it, and neither a reconnect nor `close` gets on.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ps = PromptParser(self)

    replies_sid = 0
    """The subscription that acknowledgements come by; `acknowledged` says whether it was one that somebody awaits."""
    acknowledged: Callable[[bytes, bytes], bool]
    nudged: Mapping[int, Callable[[], None]] = MappingProxyType({})
    """By subscription, who only wants to know that something came."""

    def abort(self) -> None:
        """Drop the connection with whatever is still to be sent."""
        writer: asyncio.StreamWriter | None = getattr(self._transport, "_io_writer", None)
        if writer is not None:
            writer.transport.abort()

    def let_go(self) -> None:
        """Close the socket, also that of an attempt to connect which did not get far: nats-py forgets it then."""
        if self._transport is not None:
            self._transport.close()  # type: ignore[no-untyped-call]

    async def _connect_to_server(self, s: Any) -> None:
        self.let_go()
        await super()._connect_to_server(s)

    async def request(self, *args: Any, **options: Any) -> Msg:
        """As nats-py's own, which everything of its JetStream goes through; see `cancellable`."""
        return await cancellable(super().request(*args, **options))

    async def send(self, subject: str, reply: str, payload: bytes, headers: dict[str, str] | None) -> None:
        """As `publish`, which looks at every word by patterns and copies the message twice: that costs more than to
        send it.
        """
        head = "".join([f"{name}: {value}\r\n" for name, value in headers.items()]) if headers else ""
        lines = len(headers) if headers else 0
        plain = (
            subject and subject.isprintable() and " " not in subject and head.count("\n") == head.count("\r") == lines
        )
        if not plain or not self.is_connected or self._flush_queue is None:
            await self.publish(subject, payload, reply=reply, headers=headers)
            return
        if headers:
            encoded = f"NATS/1.0\r\n{head}\r\n".encode()
            begin = f"HPUB {subject} {reply} {len(encoded)} {len(encoded) + len(payload)}\r\n".encode() + encoded
        else:
            begin = f"PUB {subject} {reply} {len(payload)}\r\n".encode()
        self.stats["out_msgs"] += 1
        self.stats["out_bytes"] += len(payload)
        await self._send_command(b"%b%b\r\n" % (begin, payload))
        if self._flush_queue.empty():
            await self._flush_pending()

    def acknowledge(self, data: bytes) -> int:
        """How many octets at the beginning of what the server sent are whole acknowledgements that somebody awaits;
        these have theirs.
        """
        at = 0
        while data.startswith(b"MSG ", at) and (end := data.find(b"\r\n", at)) > 0:
            words = data[at + 4 : end].split(b" ")
            if len(words) != 3 or not words[2].isdigit() or words[1] != b"%d" % self.replies_sid:
                break
            begin, end = end + 2, end + 2 + int(words[2])
            if end + 2 > len(data) or not self.acknowledged(words[0], data[begin:end]):
                break
            at = end + 2
        return at

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        """Acknowledgements and nudges go straight to who waits for them; nats-py would wake a task for each."""
        if (nudge := self.nudged.get(sid)) is not None:
            nudge()
        elif sid != self.replies_sid or not self.acknowledged(subject, data):
            await super()._process_msg(sid, subject, reply, data, headers)

    @staticmethod
    def _parse_header_lines(raw: bytes) -> dict[str, str]:
        """As nats-py, which looks at every character of every name; what is not plain is left to it."""
        if raw.isascii():
            pairs = _PLAIN_HEADER.findall(raw.decode())
            if sum([len(name) + len(value) + 4 for name, value in pairs]) == len(raw) - raw.endswith(b"\r\n\r\n") * 2:
                return dict(pairs)
        return Client._parse_header_lines(raw)  # noqa: SLF001 - what this stands for

    async def _process_op_err(self, e: Exception) -> None:
        if self.is_connected:
            self.abort()
        await super()._process_op_err(e)
