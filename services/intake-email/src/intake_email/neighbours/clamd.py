"""Asks ClamAV's daemon whether there is a virus in some octets (`INSTREAM` of its protocol, clamd(8))."""

import asyncio
import re
from contextlib import suppress

from intake_email.neighbours.word import NoWord

_PIECE = 1 << 16
_LONGEST_ANSWER = 4096
_FOUND = re.compile(r"(?:stream|instream\([^)]*\)): (.+) FOUND")
_UNFIT = re.compile(r"[^A-Za-z0-9._:()/+ -]")


class Clamd:
    """At `host:port`, or at the path of a socket."""

    def __init__(self, place: tuple[str, int] | str, seconds: float) -> None:
        self._place = place
        self._seconds = seconds

    async def scan(self, data: bytes) -> str:
        """The name of what was found, "" for nothing. Raises `NoWord`."""
        scan = self.begin()
        try:
            await scan.feed(data)
            return await scan.finish()
        finally:
            scan.close()

    def begin(self) -> "Scan":
        """A look at octets that come one after the other."""
        return Scan(self._place, self._seconds)


class Scan:
    """One look. Each step may take `seconds`; what fails is told by `finish`. To be closed in any case."""

    def __init__(self, place: tuple[str, int] | str, seconds: float) -> None:
        self._place = place
        self._seconds = seconds
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._broken: Exception | None = None
        self._full = False

    async def feed(self, data: bytes) -> None:
        if self._broken is not None or self._full:
            return
        try:
            async with asyncio.timeout(self._seconds):
                writer = self._writer or await self._connect()
                for at in range(0, len(data), _PIECE):
                    piece = data[at : at + _PIECE]
                    writer.write(len(piece).to_bytes(4, "big") + piece)
                    await writer.drain()
        except ConnectionError:
            self._full = self._writer is not None  # it stops listening at its limit, and says so
            self._broken = None if self._full else ConnectionError()
        except (TimeoutError, OSError) as error:
            self._broken = error

    async def finish(self) -> str:
        """The name of what was found, "" for nothing. Raises `NoWord`."""
        try:
            if self._broken is not None:
                raise self._broken
            async with asyncio.timeout(self._seconds):
                writer = self._writer or await self._connect()
                assert self._reader is not None
                with suppress(ConnectionError):
                    writer.write(bytes(4))
                    await writer.drain()
                answer = await self._reader.readuntil(b"\0")
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise NoWord(f"clamd gave no answer ({type(error).__name__})") from error
        return _read(answer.rstrip(b"\0\n").decode("utf-8", "replace"))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    async def _connect(self) -> asyncio.StreamWriter:
        if isinstance(self._place, str):
            self._reader, self._writer = await asyncio.open_unix_connection(self._place, limit=_LONGEST_ANSWER)
        else:
            self._reader, self._writer = await asyncio.open_connection(*self._place, limit=_LONGEST_ANSWER)
        self._writer.write(b"zINSTREAM\0")
        return self._writer


def _read(answer: str) -> str:
    if answer.endswith(": OK"):
        return ""
    found = _FOUND.fullmatch(answer)
    if found is None:
        # "INSTREAM size limit exceeded. ERROR", and whatever else went wrong on the other side.
        raise NoWord("clamd could not look at it")
    return _UNFIT.sub("_", found[1])[:100] or "unnamed"
