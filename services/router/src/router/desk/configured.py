"""The configuration of a router's process, and how it becomes another one while the process runs.

The log's version wins. What a file says comes into force here when a desk's log has its version, whoever
had that decided; until then, and while the file is another one, this process goes on with what it has. So
routers with files that differ agree on what is decided, and each of them says that its file is behind.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from frontline.configuration.model import Configuration, Desk
from frontline.contract.channel import Log
from frontline.contract.error import SettingsError
from frontline.contract.ids import DeskId
from router.desk.figures import RouterFigures

Read = Callable[[], Awaitable[Configuration]]
"""Reads the process's own file. Raises `SettingsError`."""

Apply = Callable[[Configuration], Awaitable[Sequence[tuple[DeskId, str]]]]
"""Asks each desk whose log has an older one to take it over; gives those with why they said no, empty if they did not."""

_AGAIN_SECONDS = 5.0
"""A file that is put there by somebody else comes when it comes: a ConfigMap takes a minute."""

TAKEN = "taken"
UNCHANGED = "unchanged"
MISTAKEN = "mistaken"
NOT_NEWER = "not_newer"
REFUSED = "refused"


class Configured:
    """`current` is in force here. `read` is how the file is read again; without it there is no other one."""

    def __init__(self, current: Configuration, read: Read | None, log: Log, figures: RouterFigures) -> None:
        self.current = current
        self._read = read
        self._log = log
        self._figures = figures
        self._candidate: Configuration | None = None
        self._wanted = 0
        self._told = 0
        self._behind = asyncio.Event()
        self._listeners: list[Callable[[Configuration], None]] = []
        figures.configured(current.version)

    def desk(self, id_: DeskId) -> Desk | None:
        return next((desk for desk in self.current.desks if desk.id == id_), None)

    def when_taken_over(self, tell: Callable[[Configuration], None]) -> None:
        """Have it told of each configuration that comes into force from here on."""
        self._listeners.append(tell)

    def log_has(self, version: int) -> None:
        """A desk's log has settings of this version."""
        self._wanted = max(self._wanted, version)
        if self._wanted > self.current.version:
            self._behind.set()

    async def run(self) -> None:
        """Take over what the logs have, as soon as the file says it; until cancelled."""
        while True:
            await self._behind.wait()
            self._behind.clear()
            if self._wanted <= self.current.version:
                continue
            if self._candidate is None or self._candidate.version != self._wanted:
                self._candidate = await self._look()
            if self._candidate is not None and self._candidate.version == self._wanted:
                self._take_over(self._candidate)
                continue
            if self._told != self._wanted:
                self._told = self._wanted
                file = None if self._candidate is None else self._candidate.version
                self._log.warning("configuration.behind", log=self._wanted, file=file, here=self.current.version)
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_SECONDS):
                    await self._behind.wait()
            self._behind.set()

    async def reload(self, apply: Apply) -> str:
        """Read the file and have the desks take it over, if it is right and newer; gives what came of it. What is
        wrong is logged, every mistake of it, and changes nothing. Raises `Unavailable`.
        """
        outcome = await self._reload(apply)
        self._figures.reloaded(outcome)
        self._log.info("configuration.reload", outcome=outcome, version=self.current.version)
        return outcome

    async def _reload(self, apply: Apply) -> str:
        found = await self._look()
        if found is None:
            return MISTAKEN
        here = self.current
        if (found != here and found.version <= here.version) or found.version < self._wanted:
            self._log.error("configuration.not_newer", file=found.version, here=here.version, log=self._wanted)
            return NOT_NEWER
        self._candidate = found
        answers = await apply(found)
        self._behind.set()
        refused = [(desk, why) for desk, why in answers if why]
        for desk, why in refused:
            self._log.error("configuration.refused", desk=desk, version=found.version, why=why)
        if refused:
            return REFUSED
        return TAKEN if answers or found != here else UNCHANGED

    async def _look(self) -> Configuration | None:
        """What the file says, `None` if it can't be taken."""
        if self._read is None:
            return None
        try:
            return await self._read()
        except SettingsError as error:
            for mistake in error.mistakes:
                self._log.error("configuration.mistake", where=mistake.where, what=mistake.what)
            return None

    def _take_over(self, configuration: Configuration) -> None:
        self.current, self._candidate = configuration, None
        self._figures.configured(configuration.version)
        self._log.info("configuration.taken_over", version=configuration.version)
        for tell in self._listeners:
            tell(configuration)
