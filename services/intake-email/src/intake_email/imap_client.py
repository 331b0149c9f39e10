"""A connection to an IMAP server (RFC 3501; IDLE, MOVE, UIDPLUS and SASL-IR where offered). Knows mails by UID only.

Memory is bounded whatever the server sends: a line has `LONGEST_LINE` octets, a literal `LONGEST_LITERAL`.
"""

import asyncio
import socket
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from intake_email.imap_wire import (
    LITERAL,
    Token,
    code_of,
    folder_name,
    internal_date,
    pairs,
    quoted,
    search_date,
    tokens,
    uid_set,
)

LONGEST_LINE = 4 << 20
LONGEST_LITERAL = 1 << 20
_RANGE = 10_000
_WIDEST_RANGE = 100_000
_FEW = 1_000
_GOODBYE = 2.0
_DAY = timedelta(days=1)
"""A server's days are those of the zones in which it took its mails."""


class ImapError(Exception):
    """The connection can't be used any more, or never could. Says nothing that a server or a user wrote."""


class Refused(ImapError):
    """The server said NO or BAD; the connection is as it was. `code` is its response code, "" for none."""

    def __init__(self, what: str, code: str) -> None:
        super().__init__(f"{what} was refused" + (f" ({code})" if code else ""))
        self.code = code


class Lying(NamedTuple):
    """A mail in a folder, without its content; octets."""

    uid: int
    size: int
    accepted: datetime | None


class ImapClient:
    """One connection; `seconds` is for each answer. To be closed in any case."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
        self._reader = reader
        self._writer = writer
        self._seconds = seconds
        self._plain: asyncio.StreamWriter | None = None
        self._count = 0
        self._news = False
        self.exists = 0
        """How many mails the folder has, by the server's last word."""
        self.validity = 0
        self.capabilities = frozenset[str]()

    @classmethod
    async def connect(cls, host: str, port: int, tls: ssl.SSLContext | None, seconds: float) -> "ImapClient":
        """After the greeting. `tls` from the first octet; `None` for none. Raises `OSError` and `ImapError`."""
        async with asyncio.timeout(seconds):
            name = host if tls is not None else None
            reader, writer = await asyncio.open_connection(
                host, port, ssl=tls, server_hostname=name, limit=LONGEST_LINE
            )
        client = cls(reader, writer, seconds)
        client._keep_alive()
        try:
            greeting = (await client._read(seconds))[0]
            if not greeting.upper().startswith(b"* OK"):
                raise ImapError("the server does not want us")
            await client._ask_abilities()
        except BaseException:
            client.abort()
            raise
        return client

    async def start_tls(self, host: str, context: ssl.SSLContext) -> None:
        if "STARTTLS" not in self.capabilities:
            raise ImapError("the server has no STARTTLS")
        await self.command("STARTTLS")
        loop = asyncio.get_running_loop()
        # A reader of its own: what came before the handshake may be from anybody, and is not believed.
        reader = asyncio.StreamReader(limit=LONGEST_LINE)
        protocol = asyncio.StreamReaderProtocol(reader)
        async with asyncio.timeout(self._seconds):
            transport = await loop.start_tls(self._writer.transport, protocol, context, server_hostname=host)
        if transport is None:
            raise ImapError("the connection was closed before TLS")
        protocol.connection_made(transport)
        self._plain = self._writer  # it would close the connection when nobody has it any more
        self._reader = reader
        self._writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        await self._ask_abilities()

    async def log_in(self, user: str, password: str) -> None:
        if "AUTH=PLAIN" in self.capabilities:
            await self._authenticate("PLAIN", f"\0{user}\0{password}".encode())
        elif "LOGINDISABLED" in self.capabilities:
            raise ImapError("the server takes no password on this connection")
        else:
            try:
                said = f"LOGIN {quoted(user)} {quoted(password)}"
            except ValueError as error:
                raise ImapError("the server takes no password with such letters") from error
            await self.command(said, "LOGIN")
        await self._ask_abilities()

    async def log_in_by_token(self, user: str, token: str) -> None:
        """XOAUTH2, as Google and Microsoft define it."""
        if "AUTH=XOAUTH2" not in self.capabilities:
            raise ImapError("the server does not take XOAUTH2")
        await self._authenticate("XOAUTH2", f"user={user}\1auth=Bearer {token}\1\1".encode())
        await self._ask_abilities()

    async def select(self, folder: str) -> None:
        """Open a folder, for reading and flagging."""
        self.exists, self.validity, self._news = 0, 0, False
        await self.command(f"SELECT {folder_name(folder)}", "SELECT")
        self._news = False
        if not self.validity:
            raise ImapError("the server gives no UIDVALIDITY, so that its UIDs mean nothing")

    async def pages(self, first: int = 1, since: datetime | None = None) -> AsyncIterator[list[int]]:
        """The UIDs from `first` on in ascending order, a range at a time; mail from days before `since` may be left out."""
        last = await self._last() if self.exists else 0
        wide = _RANGE
        while first <= last:
            until = min(first + wide - 1, last)
            found = await self._search(f"{first}:{until}", since)
            wide = min(wide * 2, _WIDEST_RANGE) if len(found) < _FEW else _RANGE
            first = until + 1
            if found:
                yield found

    async def lying(self, uids: Sequence[int]) -> list[Lying]:
        """Those of `uids` that are still there, in ascending order."""
        found, asked = {}, set(uids)
        async for items in self._fetch(uid_set(uids), "UID INTERNALDATE RFC822.SIZE"):
            size, uid = _number(items.get("RFC822.SIZE")), _number(items.get("UID"))
            if uid in asked:
                found[uid] = Lying(uid, size, internal_date(items.get("INTERNALDATE")))
        return [found[uid] for uid in sorted(found)]

    async def octets(self, uids: Sequence[int], begin: int, count: int) -> dict[int, bytes]:
        """`count` octets at most of each mail from `begin` on, without a flag being set; gone ones are not in it."""
        found = {}
        async for items in self._fetch(uid_set(uids), f"UID BODY.PEEK[]<{begin}.{count}>"):
            body = items.get("BODY[]", b"")
            uid = _number(items.get("UID"))
            if uid in uids and "BODY[]" in items:
                found[uid] = body if isinstance(body, bytes) else b""
        return found

    async def mark_seen(self, uids: Sequence[int]) -> None:
        await self.command(f"UID STORE {uid_set(uids)} +FLAGS.SILENT (\\Seen)", "STORE")

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """Never expunges what others have marked: without MOVE and UIDPLUS the mails stay, marked as deleted."""
        try:
            await self._move(uid_set(uids), folder_name(folder))
        except Refused as refused:
            if refused.code != "TRYCREATE":
                raise
            await self.command(f"CREATE {folder_name(folder)}", "CREATE")
            await self._move(uid_set(uids), folder_name(folder))

    async def wait(self, idle: float, poll: float) -> bool:
        """Until the folder has news, or it is time to look; whether there are. By IDLE where the server has it."""
        if "IDLE" not in self.capabilities:
            await asyncio.sleep(poll)
            await self.command("NOOP")
        elif not self._news:
            await self._idle(idle)
        news, self._news = self._news, False
        return news

    async def close(self) -> None:
        """Say good-bye, if that is quick."""
        with suppress(ImapError, OSError):
            async with asyncio.timeout(_GOODBYE):
                await self.command("LOGOUT")
        self.abort()

    def abort(self) -> None:
        self._writer.transport.abort()
        if self._plain is not None:
            self._plain.transport.abort()

    async def command(self, said: str, name: str = "") -> list[bytes]:
        """Say it and wait for the answer; its last line. `name` is what errors call it, for secrets are in some."""
        tag = self._send(said)
        while True:
            pieces = await self._read(self._seconds)
            if pieces[0].startswith(tag):
                return self._settled(pieces, tag, name or said)
            self._take(pieces)

    async def _fetch(self, which: str, what: str) -> AsyncIterator[dict[str, Token]]:
        tag = self._send(f"UID FETCH {which} ({what})")
        while True:
            pieces = await self._read(self._seconds)
            if pieces[0].startswith(tag):
                self._settled(pieces, tag, "FETCH")
                return
            words = pieces[0].split(b" ", 3)
            if len(words) > 2 and words[2].upper() == b"FETCH":
                yield _items(pieces)
            else:
                self._take(pieces)

    async def _search(self, uids: str, since: datetime | None) -> list[int]:
        tag = self._send(f"UID SEARCH UID {uids}" + (f" SINCE {search_date(since - _DAY)}" if since else ""))
        found: list[int] = []
        while True:
            pieces = await self._read(self._seconds)
            if pieces[0].startswith(tag):
                self._settled(pieces, tag, "SEARCH")
                return sorted(found)
            if pieces[0].upper().startswith(b"* SEARCH"):
                found += [int(word) for word in pieces[0].split()[2:] if word.isdigit()]
            else:
                self._take(pieces)

    async def _last(self) -> int:
        """The highest UID; 0 in an empty folder."""
        highest = 0
        try:
            async for items in self._fetch("*", "UID"):
                highest = max(highest, _number(items.get("UID")))
        except Refused:
            return 0  # so some say of an empty folder, which it has become
        return highest

    async def _move(self, which: str, folder: str) -> None:
        if "MOVE" in self.capabilities:
            await self.command(f"UID MOVE {which} {folder}", "MOVE")
            return
        await self.command(f"UID COPY {which} {folder}", "COPY")
        await self.command(f"UID STORE {which} +FLAGS.SILENT (\\Deleted)", "STORE")
        if "UIDPLUS" in self.capabilities:
            await self.command(f"UID EXPUNGE {which}", "EXPUNGE")

    async def _idle(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        tag = self._send("IDLE")
        until = loop.time() + self._seconds
        idling = False
        while not (idling and self._news):
            try:
                pieces = await self._read(max(until - loop.time(), 0.001))
            except TimeoutError:
                if not idling:
                    raise
                break
            if pieces[0].startswith(tag):
                self._settled(pieces, tag, "IDLE")
                return  # it ended by the server's own will
            if pieces[0].startswith(b"+"):
                idling, until = True, loop.time() + seconds
            else:
                self._take(pieces)
        self._writer.write(b"DONE\r\n")
        while True:
            pieces = await self._read(self._seconds)
            if pieces[0].startswith(tag):
                self._settled(pieces, tag, "IDLE")
                return
            self._take(pieces)

    async def _authenticate(self, mechanism: str, answer: bytes) -> None:
        coded = b64encode(answer)
        at_once = "SASL-IR" in self.capabilities
        tag = self._send(f"AUTHENTICATE {mechanism}" + (f" {coded.decode()}" if at_once else ""))
        while True:
            pieces = await self._read(self._seconds)
            if pieces[0].startswith(tag):
                self._settled(pieces, tag, "AUTHENTICATE")
                return
            if pieces[0].startswith(b"+"):
                # A second question is an error in words of the server's, to be answered by nothing.
                self._writer.write((b"" if at_once else coded) + b"\r\n")
                at_once = True
            else:
                self._take(pieces)

    async def _ask_abilities(self) -> None:
        await self.command("CAPABILITY")

    def _send(self, said: str) -> bytes:
        self._count += 1
        tag = f"F{self._count} "
        self._writer.write((tag + said).encode("ascii") + b"\r\n")
        return tag.encode()

    def _settled(self, pieces: list[bytes], tag: bytes, name: str) -> list[bytes]:
        if pieces[0][len(tag) :].upper().startswith(b"OK"):
            return pieces
        raise Refused(name, code_of(pieces[0])[0])

    def _take(self, pieces: list[bytes]) -> None:
        """What a server says unasked, or beside an answer."""
        words = pieces[0].upper().split()
        if len(words) > 2 and words[2] == b"EXISTS" and words[1].isdigit():
            self._news = self._news or int(words[1]) > self.exists
            self.exists = int(words[1])
        elif len(words) > 2 and words[2] == b"EXPUNGE":
            self.exists = max(self.exists - 1, 0)
        elif len(words) > 1 and words[1] == b"CAPABILITY":
            self.capabilities = frozenset(word.decode("ascii", "replace") for word in words[2:])
        elif len(words) > 1 and words[1] == b"BYE":
            raise ImapError("the server said good-bye")
        elif code_of(pieces[0])[0] == "UIDVALIDITY":
            self.validity = int(code_of(pieces[0])[1])

    async def _read(self, seconds: float) -> list[bytes]:
        """A line, with the literals in it; `TimeoutError` when it does not begin in time."""
        pieces: list[bytes] = []
        try:
            while True:
                async with asyncio.timeout(seconds):
                    line = (await self._reader.readuntil(b"\n")).rstrip(b"\r\n")
                pieces.append(line)
                literal = LITERAL.search(line)
                if literal is None:
                    return pieces
                if int(literal[1]) > LONGEST_LITERAL:
                    raise ImapError("the server sends more than was asked for")
                async with asyncio.timeout(self._seconds):
                    pieces.append(await self._reader.readexactly(int(literal[1])))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise ImapError("the connection has ended") from error

    def _keep_alive(self) -> None:
        """Of a peer that is gone without a word nothing else is heard while we only listen."""
        found = self._writer.get_extra_info("socket")
        if found is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def _items(pieces: list[bytes]) -> dict[str, Token]:
    try:
        found = tokens([pieces[0].split(b" ", 3)[3], *pieces[1:]])
        items = found[0]
    except (ValueError, IndexError) as error:
        raise ImapError("an answer that nobody understands") from error
    return pairs(items) if isinstance(items, list) else {}


def _number(value: Token) -> int:
    return int(value) if isinstance(value, str) and value.isdigit() else 0
