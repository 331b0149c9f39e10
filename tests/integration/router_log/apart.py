"""Two servers: clients are connected to one, and the streams lie at the other."""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from frontline.contract.error import Unavailable
from frontline.runtime import embedded
from frontline.runtime.bus import Bus
from frontline.runtime.embedded import EmbeddedServer, ServerConfig, render_config
from frontline.runtime.reader import last_on
from frontline.runtime.topology import provision, topology
from frontline.testing.nats_server import CHANNELS, DESKS, SMALL, connected

_LEAVES = re.compile(r"Listening for leafnode connections on .*:(\d+)")


class _Server(EmbeddedServer):
    """With a configuration of which more is ours."""

    def more(self, text: str) -> str:
        raise NotImplementedError

    async def start(self) -> str:
        def text(config: ServerConfig, ports: Path) -> str:
            return self.more(render_config(config, ports))

        with mock.patch.object(embedded, "render_config", text):
            return await super().start()


class _Door(_Server):
    """Clients connect here. It stores nothing, and passes on what is asked of the streams."""

    def more(self, text: str) -> str:
        storing_nothing = re.sub(r"jetstream \{.*?\}\n", "", text, flags=re.DOTALL)
        return storing_nothing + 'leafnodes { host: "127.0.0.1", port: -1 }\ndefault_js_domain { "$G": away }\n'

    @property
    def leaves(self) -> int:
        """The port for servers behind this one."""
        found = _LEAVES.search(self.log.read_text(encoding="utf-8"))
        assert found
        return int(found[1])


class _Holder(_Server):
    """It has the streams, and connects to the other server, again and again."""

    leaves = 0

    def more(self, text: str) -> str:
        named = text.replace("jetstream {\n", "jetstream {\n  domain: away\n")
        return (
            f'{named}leafnodes {{ reconnect: "50ms", remotes [ {{ url: "nats-leaf://127.0.0.1:{self.leaves}" }} ] }}\n'
        )


@dataclass(frozen=True, slots=True)
class Apart:
    bus: Bus
    """To the server that stores nothing; nothing happens to that one."""
    stream: str
    """Of those at the other server."""
    _holder: EmbeddedServer
    _older: Path

    async def keep_a_copy(self) -> None:
        await self._holder.kill()
        shutil.copytree(self._holder.config.store, self._older)
        await self._holder.start()
        await self._reachable()

    async def lose_the_end(self) -> None:
        """As by a power cut with delayed sync: the other server comes back with the files as they were copied."""
        await self._holder.kill()
        shutil.rmtree(self._holder.config.store)
        shutil.copytree(self._older, self._holder.config.store)
        await self._holder.start()
        await self._reachable()

    async def _reachable(self) -> None:
        while True:
            try:
                await last_on(self.bus, self.stream, ">")
            except Unavailable:
                continue  # asking takes until the answer that nobody listens there
            return


@asynccontextmanager
async def apart(folder: Path, stream: str) -> AsyncIterator[Apart]:
    """With all streams that there are, and nothing in them."""
    door, holder = _Door(ServerConfig(store=folder / "door")), _Holder(ServerConfig(store=folder / "holder"))
    try:
        await door.start()
        holder.leaves = door.leaves
        await holder.start()
        async with connected(holder) as direct:
            await provision(direct.nc.jetstream(), topology(CHANNELS, DESKS, SMALL))
        async with connected(door) as bus:
            place = Apart(bus, stream, holder, folder / "older")
            await place._reachable()
            yield place
    finally:
        await holder.kill()
        await door.kill()
