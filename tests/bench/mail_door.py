"""One process that mail is sent to, for `tests.bench.mail`: `python -m tests.bench.mail_door KIND [PORT]`.

`bare` is aiosmtpd with a handler that discards; `protocol` our listener that discards; `parse` our listener
that reads each mail and discards what it says. Prints its port, which several of `bare` may share, and runs until it is ended.
"""

import asyncio
import sys
from collections.abc import AsyncIterable
from typing import TYPE_CHECKING, Any, cast

import uvloop
from aiosmtpd.smtp import SMTP

from frontline.contract.channel import Host, Inbox
from frontline.contract.ids import ChannelName, InboxId, MessageId
from frontline.contract.message import ObjectRef
from frontline.runtime.garbage import settle
from frontline.runtime.service import utc_now
from intake_email.checking import Checking
from intake_email.listener import Listener
from intake_email.settings import EmailSettings
from intake_email.taking import Outcome, Taking, Way

if TYPE_CHECKING:
    from frontline.contract.channel import Receive

ADDRESS = "support@frontline.example"


class Discards:
    """aiosmtpd's handler."""

    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - aiosmtpd's name
        return "250 taken"


class Nothing:
    """A host, an object store, a log and a meter, as far as a listener asks; all is forgotten."""

    def by_address(self, address: str) -> Inbox | None:
        inbox = Inbox(channel=ChannelName("email"), inbox=InboxId("support"), desk="support", address=ADDRESS)
        return inbox if address == ADDRESS else None

    def listening(self, _name: str, address: str) -> None:
        print(address.rpartition(":")[2], flush=True)

    def sign(self, data: bytes) -> bytes:
        return data[:1] * 32

    async def put(self, bucket: str, name: str, _chunks: AsyncIterable[bytes]) -> ObjectRef:
        return ObjectRef(bucket=bucket, name=name, size=0, sha256="")

    async def keep(self, ref: ObjectRef, data: bytes) -> None: ...

    def count(self, *_: object, **__: object) -> None: ...

    def error(self, *_: object, **__: object) -> None: ...

    warning = info = error

    @property
    def inboxes(self) -> "Nothing":
        return self

    log = meter = objects = inboxes


class TakesAll(Taking):
    """Says that everything is stored."""

    async def each(self, _raw: bytes, way: Way, _receive: "Receive") -> dict[InboxId, Outcome]:
        return dict.fromkeys(way.inboxes, MessageId("nothing"))


async def _bare(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Discards(), loop=loop), "127.0.0.1", port, reuse_port=True)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def _ours(kind: type[Taking], port: int) -> None:
    nothing = cast("Any", Nothing())

    async def forget(message: object) -> None: ...

    settle()  # as every service does
    settings = EmailSettings(smtp_port=port, smtp_share_port=port > 0)
    taking = kind(nothing, nothing.sign, utc_now, Checking(settings, nothing, nothing))
    await Listener(settings, cast("Host", nothing), taking, forget).run()


if __name__ == "__main__":
    kinds: dict[str, type[Taking]] = {"protocol": TakesAll, "parse": Taking}
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_bare(port) if sys.argv[1] == "bare" else _ours(kinds[sys.argv[1]], port))
