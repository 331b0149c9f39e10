"""How a mailbox is entered: its connection, and the password or access token for it. No secret is kept longer than needed."""

import asyncio
import ssl
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

import aiohttp
import msgspec

from intake_email.imap_client import ImapClient, ImapError, Refused
from intake_email.imap_settings import ImapMailbox

_EARLY = 60.0
"""Seconds before its end from which on a token is not used any more."""


class _Granted(msgspec.Struct):
    """RFC 6749, 5.1."""

    access_token: str
    expires_in: float = 0.0
    refresh_token: str = ""


class Login:
    """Enters one mailbox, as often as needed."""

    def __init__(self, mailbox: ImapMailbox, seconds: float) -> None:
        self._mailbox = mailbox
        self._seconds = seconds
        self._token = ""
        self._until = 0.0
        self._renewed = ""
        """The refresh token that came with the last access token: the one in the file may be void then."""
        self._fetching = asyncio.Lock()

    async def enter(self) -> ImapClient:
        """A connection that is logged in. Raises `OSError`, `TimeoutError` and `ImapError`."""
        mailbox = self._mailbox
        context = None if mailbox.tls == "none" else ssl.create_default_context(cafile=mailbox.ca)
        first = context if mailbox.tls == "implicit" else None
        client = await ImapClient.connect(mailbox.host, mailbox.at_port, first, self._seconds)
        try:
            if mailbox.tls == "starttls" and context is not None:
                await client.start_tls(mailbox.host, context)
            if mailbox.password_file is not None:
                await client.log_in(mailbox.user, await asyncio.to_thread(_secret, mailbox.password_file))
            else:
                await self._by_token(client)
        except BaseException:
            client.abort()
            raise
        return client

    async def _by_token(self, client: ImapClient) -> None:
        async with self._fetching:
            if not self._token or asyncio.get_running_loop().time() >= self._until:
                await self._fetch_token()
        try:
            await client.log_in_by_token(self._mailbox.user, self._token)
        except Refused:
            self._token = ""  # it may have been taken back
            raise

    async def _fetch_token(self) -> None:
        now = asyncio.get_running_loop().time()
        async with asyncio.timeout(self._seconds):
            granted = await (self._printed() if self._mailbox.token_command else self._granted())
        self._token = granted.access_token
        self._until = now + max(granted.expires_in - _EARLY, 0.0)
        self._renewed = granted.refresh_token or self._renewed

    async def _printed(self) -> _Granted:
        program = self._mailbox.token_command
        running = await asyncio.create_subprocess_exec(*program, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
        try:
            said, _ = await running.communicate()
        finally:
            if running.returncode is None:
                running.kill()
                await running.wait()
        token = said.decode("ascii", "replace").strip()
        if running.returncode or not token.isprintable() or not token:
            raise ImapError("token_command printed no token")
        return _Granted(token)

    async def _granted(self) -> _Granted:
        mailbox = self._mailbox
        form = {"client_id": mailbox.client_id, "grant_type": "client_credentials"}
        if mailbox.refresh_token_file is not None:
            refresh = self._renewed or await asyncio.to_thread(_secret, mailbox.refresh_token_file)
            form |= {"grant_type": "refresh_token", "refresh_token": refresh}
        if mailbox.client_secret_file is not None:
            form["client_secret"] = await asyncio.to_thread(_secret, mailbox.client_secret_file)
        if mailbox.scope:
            form["scope"] = mailbox.scope
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(mailbox.token_url, data=form, allow_redirects=False) as answer,
            ):
                body = await answer.read()
        except aiohttp.ClientError as error:
            raise ImapError("token_url does not answer") from error
        try:
            if answer.status != 200:
                self._renewed = ""  # the file may have a new one by now
                raise ImapError(f"token_url gave no token (HTTP {answer.status})")
            return msgspec.json.decode(body, type=_Granted)
        except msgspec.DecodeError as error:
            raise ImapError("token_url gave no token") from error


def _secret(file: Path) -> str:
    return file.read_text(encoding="utf-8").strip("\r\n")
