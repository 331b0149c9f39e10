"""The part of Twilio's REST API (2010-04-01) that we use, and its errors as ours.

What can't have been done is `Unavailable`; what may have been done without our knowing raises
`NoAnswer`: a call or a message must not be made twice.
"""

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec

from frontline.contract.channel import Log, Meter
from frontline.contract.error import Reason, Rejected, Unavailable
from intake_phone.normalize import failure

_STOPPED = "the phone channel is starting or stopping"
_TEXT_OF_ERROR = re.compile(r"[\r\n]+")
_CHUNK = 64 * 1024


class NoAnswer(Exception):
    """The request went out and nothing came back that says whether it was done."""


class Missing(Exception):
    """A file isn't there, not yet, or did not come to its end."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Whose calls they are, and how we prove to be them. `repr` shows no secret."""

    sid: str
    base: str
    user: str
    secret: str

    def __repr__(self) -> str:
        return f"Account(sid={self.sid!r}, base={self.base!r})"

    @property
    def proof(self) -> dict[str, str]:
        """HTTP Basic (RFC 7617)."""
        return {"Authorization": "Basic " + b64encode(f"{self.user}:{self.secret}".encode()).decode()}


class Rest:
    """Open within `opened`; calls before that wait a moment for it."""

    def __init__(self, timeout: float, log: Log, meter: Meter) -> None:
        self._timeout = timeout
        self._log = log
        self._meter = meter
        self._session: aiohttp.ClientSession | None = None
        self._account: Account | None = None
        self._up = asyncio.Event()
        self._in_hand = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @asynccontextmanager
    async def opened(self, account: Account, grace: float) -> AsyncIterator[None]:
        """Calls that are under way at the end have `grace` seconds left."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._timeout, sock_read=self._timeout)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=True) as session:
            self._session, self._account = session, account
            self._up.set()
            try:
                yield
            finally:
                self._up.clear()
                try:
                    async with asyncio.timeout(grace):
                        await self._idle.wait()
                except TimeoutError:
                    self._log.warning("twilio.cut_off", requests=self._in_hand)
                self._session = None

    async def create_message(self, fields: Sequence[tuple[str, str]]) -> str:
        """The MessageSid. Sent once: see the errors above."""
        return str((await self._post("Messages.json", fields))["sid"])

    async def create_call(self, fields: Sequence[tuple[str, str]]) -> str:
        return str((await self._post("Calls.json", fields))["sid"])

    async def end_call(self, call: str) -> None:
        """Hang up, or stop ringing; harmless when it is over."""
        await self._post(f"Calls/{call}.json", [("Status", "completed")])

    async def fetch_call(self, call: str) -> dict[str, Any]:
        return await self._ask("GET", f"Calls/{call}.json")

    async def delete_queue(self, queue: str) -> None:
        await self._ask("DELETE", f"Queues/{queue}.json")

    async def media(self, url: str, most: int) -> AsyncIterator[bytes]:
        """A recording or a picture, in pieces. Our credentials go to the API's own host only: a signed
        webhook names the URL, but a secret is not shown around on anybody's word.

        Raises `Missing` where it can't be had now, `Rejected` for more than `most` bytes.
        """
        async with self._begun() as (session, account):
            base = urlsplit(account.base)
            there = urlsplit(urljoin(account.base, url))
            ours = (there.scheme, there.netloc) == (base.scheme, base.netloc)
            proof = account.proof if ours else {}
            if there.scheme not in {"http", "https"} or (not ours and there.scheme != "https"):
                raise Rejected("this is no address to fetch a file from")
            try:
                # aiohttp drops the credentials when a redirect leads to another host.
                async with session.get(there.geturl(), headers=proof) as response:
                    if response.status >= 400:
                        self._refused(response.status)
                        raise Missing
                    size = 0
                    async for chunk in response.content.iter_chunked(_CHUNK):
                        size += len(chunk)
                        if size > most:
                            raise Rejected(f"a file of more than {most} bytes", Reason.TOO_LARGE)
                        yield chunk
            except (aiohttp.ClientError, TimeoutError) as error:
                raise Missing from error

    async def _post(self, path: str, fields: Sequence[tuple[str, str]]) -> dict[str, Any]:
        return await self._ask("POST", path, fields)

    async def _ask(self, method: str, path: str, fields: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
        async with self._begun() as (session, account):
            url = f"{account.base}/2010-04-01/Accounts/{account.sid}/{path}"
            try:
                async with session.request(
                    method,
                    url,
                    data=aiohttp.FormData(fields)() if fields else None,
                    headers=account.proof,
                ) as response:
                    status, body = response.status, await response.read()
            except aiohttp.ClientConnectorError as error:
                raise Unavailable("Twilio can't be reached") from error
            except (aiohttp.ClientError, TimeoutError) as error:
                raise NoAnswer("Twilio did not answer") from error
        if status == 204:
            return {}
        said = _json(body)
        if status < 300:
            return said
        self._refused(status)
        return _raise(status, said)

    def _refused(self, status: int) -> None:
        kind = str(status) if status in {400, 401, 403, 404, 429} else f"{status // 100}xx"
        self._meter.count("twilio_refusals", status=kind)
        if status in {401, 403}:
            self._log.error("twilio.not_authorised", status=status)

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[tuple[aiohttp.ClientSession, Account]]:
        try:
            async with asyncio.timeout(self._timeout):
                await self._up.wait()
        except TimeoutError as error:
            raise Unavailable(_STOPPED) from error
        session, account = self._session, self._account
        assert session is not None
        assert account is not None
        self._in_hand += 1
        self._idle.clear()
        try:
            yield session, account
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._idle.set()


def _raise(status: int, said: Mapping[str, Any]) -> dict[str, Any]:
    code = said.get("code", "")
    detail = failure(str(code)) or _TEXT_OF_ERROR.sub(" ", str(said.get("message", "")))[:300]
    told = f"Twilio {status}{f' ({code})' if code else ''}: {detail}"
    if status in {429, 503}:
        raise Unavailable(told)  # refused before anything was done
    if status in {401, 403}:
        raise Unavailable("Twilio does not accept our credentials")  # the operator mends it; what waits is kept
    if status >= 500:
        raise NoAnswer(told)
    raise Rejected(told, Reason.NOT_FOUND if status == 404 else Reason.MALFORMED)


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}
