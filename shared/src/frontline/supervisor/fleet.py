"""All processes of one `frontline up`, kept going together and ended in order."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from frontline.contract.error import Mistake, SettingsError
from frontline.supervisor.nats import SupervisedServer
from frontline.supervisor.process import Supervised

STOP_SECONDS = 9.0
"""From the request until the last process is gone, whatever they do."""
_SERVER_SECONDS = 1.0
_STAGE_SECONDS = 1.0
_SETTLE_SECONDS = 3.0


@dataclass(slots=True)
class Fleet:
    """`server` is `None` when NATS is somebody else's."""

    server: SupervisedServer | None
    members: Sequence[Supervised] = ()
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def ready(self) -> bool:
        return all(member.ready for member in self.members)

    def start_server(self) -> None:
        if self.server is not None:
            self._tasks.append(asyncio.create_task(self.server.run(), name="nats-server"))

    async def server_up(self) -> None:
        """Return once the server runs; raises what kept it from that."""
        if self.server is None:
            return
        up = asyncio.create_task(self.server.up.wait())
        await asyncio.wait({up, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        for task in self._tasks:
            if task.done():
                task.result()

    def start(self, members: Sequence[Supervised]) -> None:
        self.members = members
        self._tasks += [asyncio.create_task(member.run(), name=member.spec.name) for member in members]

    async def until(self, stop: asyncio.Event) -> None:
        """Return when `stop` is set. Raises when a member can't go on: `SettingsError` with the
        mistakes of all members that have any.
        """
        stopped = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait({stopped, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
            if not stopped.done():
                await self._settle()
                self._raise()
        finally:
            stopped.cancel()

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End everything: stage after stage, the server last, each within what is left of the time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        stages = sorted({member.spec.stage for member in self.members})
        for done, stage in enumerate(stages, start=1):
            spare = _SERVER_SECONDS + _STAGE_SECONDS * (len(stages) - done)
            grace = max(deadline - loop.time() - spare, 0.1)
            await asyncio.gather(*(member.stop(grace) for member in self.members if member.spec.stage == stage))
        if self.server is not None:
            await self.server.stop(max(deadline - loop.time(), 0.1))
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hang_up(self) -> None:
        """Have the services read again what they read: those that are not ready yet read it anyway."""
        for member in self.members:
            member.hang_up()

    def kill(self) -> None:
        """End everything at once."""
        for member in self.members:
            member.kill()
        if self.server is not None:
            self.server.kill()

    async def _settle(self) -> None:
        """Give the others a moment to say what is wrong with theirs."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _SETTLE_SECONDS
        unready = {member.spec.name for member in self.members if not member.ready}
        while loop.time() < deadline:
            waiting = [task for task in self._tasks if not task.done() and task.get_name() in unready]
            if not waiting:
                return
            await asyncio.wait(waiting, timeout=0.05, return_when=asyncio.FIRST_COMPLETED)
            unready = {member.spec.name for member in self.members if not member.ready}

    def _raise(self) -> None:
        mistakes: list[Mistake] = []
        for task in self._tasks:
            error = task.exception() if task.done() and not task.cancelled() else None
            if isinstance(error, SettingsError):
                mistakes += [mistake for mistake in error.mistakes if mistake not in mistakes]
            elif error is not None:
                raise error
        raise SettingsError(mistakes or [Mistake("frontline up", "a process ended that should not")])
