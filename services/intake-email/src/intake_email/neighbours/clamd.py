"""Asks ClamAV's daemon whether there is a virus in some octets (`INSTREAM` of its protocol, clamd(8))."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

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
        try:
            async with asyncio.timeout(self._seconds), self._connected() as (reader, writer):
                writer.write(b"zINSTREAM\0")
                with suppress(ConnectionError):  # it stops listening at its limit, and says so
                    for at in range(0, len(data), _PIECE):
                        piece = data[at : at + _PIECE]
                        writer.write(len(piece).to_bytes(4, "big") + piece)
                        await writer.drain()
                    writer.write(bytes(4))
                    await writer.drain()
                answer = await reader.readuntil(b"\0")
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise NoWord(f"clamd gave no answer ({type(error).__name__})") from error
        return _read(answer.rstrip(b"\0\n").decode("utf-8", "replace"))

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        if isinstance(self._place, str):
            reader, writer = await asyncio.open_unix_connection(self._place, limit=_LONGEST_ANSWER)
        else:
            reader, writer = await asyncio.open_connection(*self._place, limit=_LONGEST_ANSWER)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def _read(answer: str) -> str:
    if answer.endswith(": OK"):
        return ""
    found = _FOUND.fullmatch(answer)
    if found is None:
        # "INSTREAM size limit exceeded. ERROR", and whatever else went wrong on the other side.
        raise NoWord("clamd could not look at it")
    return _UNFIT.sub("_", found[1])[:100] or "unnamed"
