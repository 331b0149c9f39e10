"""Plug-ins for the tests to run as processes; a diary on disk says what they did."""

import asyncio
import os
import signal
from pathlib import Path
from typing import ClassVar

import msgspec

from frontline.contract.channel import Delivered, Host, Receive
from frontline.contract.error import Mistake, SettingsError
from frontline.contract.ids import ChannelName
from frontline.contract.message import OutboundMessage


class FlockSettings(msgspec.Struct, frozen=True, kw_only=True):
    flock_diary: Path = Path("diary")
    flock_deaths: int = 0
    """In how many attempts the process is killed, after the reply went out."""
    flock_waits: bool = False
    """Whether an attempt waits for the file `go`."""
    flock_serves: str = "well"


class Flock:
    name: ClassVar[ChannelName] = ChannelName("pigeon")
    Settings: ClassVar[type[msgspec.Struct]] = FlockSettings
    repeatable: ClassVar[bool] = True

    def __init__(self, settings: FlockSettings, host: Host) -> None:
        self._settings = settings
        self._host = host

    async def serve(self, receive: Receive) -> None:
        if self._settings.flock_serves == "badly":
            mistakes = [Mistake("flock_tls", "the certificate has expired"), Mistake("flock_port", "is taken")]
            raise ExceptionGroup("from a task group", [SettingsError(mistakes)])
        self._host.listening("loft", "127.0.0.1:7")
        await asyncio.Event().wait()

    async def deliver(self, message: OutboundMessage) -> Delivered:
        before = self.diary()
        with self._settings.flock_diary.open("a") as diary:
            diary.write(f"{message.id}\n")
        if len(before) < self._settings.flock_deaths:
            os.kill(os.getpid(), signal.SIGKILL)
        while self._settings.flock_waits and not Path("go").exists():
            await asyncio.sleep(0.01)
        return Delivered(native_id=f"ring-{message.id}")

    def diary(self) -> list[str]:
        path = self._settings.flock_diary
        return path.read_text().splitlines() if path.exists() else []


class CarefulFlock(Flock):
    repeatable: ClassVar[bool] = False
