"""Stand-ins for the real router and e-mail intake, installed by the real mechanism: distributions
with entry points, found before the real ones. They run on the real runtime and take no load.
"""

from pathlib import Path

ROUTER = """
import asyncio
import msgspec
from frontline.contract.channel import Inbox
from frontline.runtime.directory import directory_key
from frontline.runtime.keyvalue import KeyValue
from frontline.runtime.service import Service, run_service
from frontline.runtime.topology import DIRECTORY

async def main(service: Service) -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    service.listening("http", "127.0.0.1:%d" % server.sockets[0].getsockname()[1])  # connected, it is ready
    await service.bus.wait_connected()
    for channel in ("chat", "email", "phone"):  # no intake is ready before it knows its inboxes
        inbox = Inbox(channel=channel, inbox="support", desk="support", address="support@frontline.example")
        await KeyValue(service.bus, DIRECTORY).put(directory_key(channel, "support"), msgspec.json.encode(inbox))
    await service.stopping.wait()
    server.close()

def run() -> int:
    return run_service("router", main)
"""

EMAIL = """
import asyncio
import msgspec
from frontline.contract.ids import ChannelName

class Settings(msgspec.Struct, frozen=True, kw_only=True):
    smtp_port: int = 0
    pigeons: int = 1

class EmailChannel:
    name = ChannelName("email")
    Settings = Settings

    def __init__(self, settings, host):
        self.host = host

    async def serve(self, receive):
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        self.host.listening("smtp", "127.0.0.1:%d" % server.sockets[0].getsockname()[1])
        async with server:
            await server.serve_forever()
"""


def install(folder: Path) -> Path:
    """Make the two distributions; gives the folder to put on `PYTHONPATH`."""
    service = "[frontline.services]\nrouter = standin_router:run\n"
    _distribution(folder, "frontline-router", "standin_router", ROUTER, service)
    channel = "[frontline.channels]\nemail = standin_email:EmailChannel\n"
    _distribution(folder, "frontline-intake-email", "standin_email", EMAIL, channel)
    return folder


def _distribution(folder: Path, name: str, module: str, source: str, points: str) -> None:
    info = folder / f"{name.replace('-', '_')}-9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 9\n")
    (info / "entry_points.txt").write_text(points)
    (folder / f"{module}.py").write_text(source)
