"""The embedded nats-server under supervision: when it dies it comes back with its port and store."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from frontline.contract.error import Unavailable
from frontline.runtime.embedded import EmbeddedServer
from frontline.supervisor.backoff import Backoff
from frontline.supervisor.process import Watch, ending

NAME = "nats-server"


@dataclass(slots=True)
class SupervisedServer:
    """`run` keeps it going until `stop`; `up` is set while it runs."""

    server: EmbeddedServer
    watch: Watch
    backoff: Backoff = field(default_factory=Backoff)
    starts: int = 0
    up: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until `stop`. `Unavailable` when even its first start fails."""
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            started = loop.time()
            try:
                await self._once()
                ended = ending(await self.server.wait())
            except Unavailable as error:
                if not self.starts:
                    raise
                ended = error.detail
            self.up.clear()
            self.watch.notes.forget(NAME)
            if self._stopping.is_set():
                return
            wait = self.backoff.after(loop.time() - started)
            self.watch.say(f"{NAME} {ended}; starting it again in {wait:.1f} s. See {self.server.log}")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait)

    async def stop(self, grace: float) -> None:
        """Returns once it is gone."""
        self._stopping.set()
        await self.server.stop(timeout=grace)

    def kill(self) -> None:
        self._stopping.set()
        if self.server.running and self.server.process is not None:
            self.server.process.kill()

    async def _once(self) -> None:
        await self.server.stop()  # lets go of what the former one left
        await self.server.start()
        self.starts += 1
        self.watch.notes.note(NAME, self.server.pid)
        self.up.set()
        self.watch.changed()
