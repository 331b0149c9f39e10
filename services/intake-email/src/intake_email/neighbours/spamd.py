"""Asks SpamAssassin's daemon how likely a mail is unwanted (`SYMBOLS` of the protocol SPAMC/1.5)."""

import asyncio
import re
from contextlib import suppress

from intake_email.neighbours.word import NoWord, Spam

_LONGEST_ANSWER = 1 << 16
_PIECE = 1 << 16
_STATUS = re.compile(r"SPAMD/[0-9.]+ 0 EX_OK")
_SPAM = re.compile(
    r"^Spam:\s*(?:True|False|Yes|No)\s*;\s*(-?[0-9.]+)\s*/\s*(-?[0-9.]+)\s*$", re.IGNORECASE | re.MULTILINE
)
_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,60}")


class Spamd:
    """At `host:port`."""

    def __init__(self, place: tuple[str, int], seconds: float) -> None:
        self._place = place
        self._seconds = seconds

    async def score(self, raw: bytes, peer: str = "", hello: str = "", sender: str = "") -> Spam:  # noqa: ARG002
        """Raises `NoWord`. All that SpamAssassin wants to know of the way stands in the mail's own trace."""
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(raw)
        except (TimeoutError, OSError, asyncio.LimitOverrunError) as error:
            raise NoWord(f"spamd gave no answer ({type(error).__name__})") from error
        head, _, body = answer.decode("utf-8", "replace").partition("\r\n\r\n")
        spam = _SPAM.search(head.replace("\r", ""))
        if not _STATUS.match(head) or spam is None:
            raise NoWord("spamd could not look at it")
        try:
            score, limit = float(spam[1]), float(spam[2])
        except ValueError as error:
            raise NoWord("spamd could not look at it") from error
        return Spam(by="spamassassin", score=score, limit=limit, names=tuple(_NAME.findall(body)[:40]))

    async def _ask(self, raw: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(*self._place)
        try:
            writer.write(f"SYMBOLS SPAMC/1.5\r\nContent-length: {len(raw)}\r\n\r\n".encode())
            with suppress(ConnectionError):
                for at in range(0, len(raw), _PIECE):
                    writer.write(raw[at : at + _PIECE])
                    await writer.drain()
                if writer.can_write_eof():
                    writer.write_eof()
            found = b""
            while len(found) < _LONGEST_ANSWER and (more := await reader.read(_PIECE)):
                found += more
            return found
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
