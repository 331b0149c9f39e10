"""Mail out by SMTP to one relay, streamed; its answers as who must act."""

import asyncio
import re
from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import Any

import aiosmtplib

from frontline.contract.channel import Log, Meter
from frontline.contract.error import Reason, Rejected, Unavailable
from intake_email.outgoing import length
from intake_email.render import Rendered
from intake_email.settings import EmailSettings

_ENHANCED = re.compile(r"\A[245]\.\d{1,3}\.\d{1,3}\b")
_START_TLS = {"implicit": False, "starttls": True, "offered": None, "none": False}
_LONGEST_DETAIL = 1000
_OPERATOR_MUST_ACT = {530, 534, 535, 538}
"""The relay wants TLS or a log-in: no fault of this mail."""


class Relay:
    """A `Carrier` that hands mail to a mail server, a connection a mail."""

    def __init__(self, settings: EmailSettings, log: Log, meter: Meter) -> None:
        assert settings.relay is not None
        self._host, self._port = settings.relay
        self._settings = settings
        self._log = log
        self._meter = meter

    async def carry(self, mail: Rendered, octets: AsyncIterator[bytes], name: str, /) -> str:
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            local_hostname=settings.smtp_hostname,
            timeout=settings.smtp_relay_timeout,
            validate_certs=settings.smtp_relay_verify,
            cert_bundle=str(settings.smtp_relay_ca) if settings.smtp_relay_ca else None,
            use_tls=settings.smtp_relay_tls == "implicit",
            start_tls=_START_TLS[settings.smtp_relay_tls],
        )
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            self._meter.count("relay_unreachable", why=type(error).__name__)
            raise Unavailable("the mail relay can't be reached") from error
        try:
            await self._log_in(client)
            detail = await self._transaction(client, mail, octets, name)
            await self._quit(client)
        except aiosmtplib.SMTPResponseException as error:
            raise _answer(error.code, error.message) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Unavailable("the connection to the mail relay was lost") from error
        finally:
            client.close()
        return detail

    async def _log_in(self, client: aiosmtplib.SMTP) -> None:
        user, password = self._settings.smtp_relay_user, self._settings.smtp_relay_password
        if not user or password is None:
            return
        peer = client.get_transport_info("peername")
        if client.get_transport_info("sslcontext") is None and not _is_loopback(peer):
            self._meter.count("relay_logins_failed")
            self._log.error("relay.login_without_tls")
            raise Unavailable("the mail relay offers no TLS, and a password is not shown without it")
        try:
            await client.login(user, str(password))
        except aiosmtplib.SMTPException as error:
            self._meter.count("relay_logins_failed")
            self._log.error("relay.login_failed", code=getattr(error, "code", 0))
            raise Unavailable("the mail relay does not let us in") from error

    async def _transaction(
        self, client: aiosmtplib.SMTP, mail: Rendered, octets: AsyncIterator[bytes], name: str
    ) -> str:
        await client.ehlo()
        options = [f"SIZE={length(mail)}"] if client.supports_extension("size") else []
        encoding = "ascii"
        if mail.international:
            if not client.supports_extension("smtputf8"):
                raise Rejected("the mail relay can't carry this address", Reason.MALFORMED)
            options.append("SMTPUTF8")
            encoding = "utf-8"
        await client.mail(mail.sender, options=options, encoding=encoding)
        detail = await self._name_recipients(client, mail, encoding, name)
        answer = await client.execute_command(b"DATA")
        if answer.code != 354:
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)
        await self._send(client, octets)
        return detail

    async def _name_recipients(self, client: aiosmtplib.SMTP, mail: Rendered, encoding: str, name: str) -> str:
        """All of them before the mail is sent: if one may be taken later, all come later, and nobody gets it twice.
        Gives what became of those who are refused for good.
        """
        refused: list[aiosmtplib.SMTPRecipientRefused] = []
        told = []
        for number, recipient in enumerate(mail.recipients, 1):
            try:
                await client.rcpt(recipient, encoding=encoding)
            except aiosmtplib.SMTPRecipientRefused as error:
                if error.code < 500 or len(mail.recipients) == 1:
                    raise
                refused.append(error)
                told.append(
                    f"recipient {number} of {len(mail.recipients)} was refused: {_code(error.code, error.message)}"
                )
        if len(refused) == len(mail.recipients):
            raise refused[0]
        if refused:
            self._meter.count("recipients_refused")
            self._log.warning("relay.recipients_refused", reply=name, count=len(refused))
        return "; ".join(told)[:_LONGEST_DETAIL]

    async def _send(self, client: aiosmtplib.SMTP, octets: AsyncIterator[bytes]) -> None:
        protocol = client.protocol
        assert protocol is not None
        before = b"\r\n"
        async for chunk in octets:
            window = before + chunk
            protocol.write(window.replace(b"\r\n.", b"\r\n..")[len(before) :])
            before = window[-2:]
            async with asyncio.timeout(self._settings.smtp_relay_timeout):
                # A mail of any size goes through a buffer of one piece; the client's own `data` wants it whole.
                await protocol._drain_helper()  # noqa: SLF001
        protocol.write(b".\r\n" if before == b"\r\n" else b"\r\n.\r\n")
        answer = await protocol.read_response(timeout=self._settings.smtp_relay_timeout)
        if answer.code != 250:
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)

    async def _quit(self, client: aiosmtplib.SMTP) -> None:
        """The mail has been taken; how the relay says goodbye changes nothing."""
        try:
            await client.quit(timeout=2)
        except (aiosmtplib.SMTPException, OSError, TimeoutError):
            self._meter.count("relay_goodbyes_missed")


def _answer(code: int, text: str) -> Exception:
    """Who must act. The relay's own words may hold addresses; its codes don't."""
    detail = f"the mail relay said {_code(code, text)}"
    if code < 500 or code in _OPERATOR_MUST_ACT:
        return Unavailable(detail)
    return Rejected(detail, Reason.TOO_LARGE if code == 552 else Reason.MALFORMED)


def _code(code: int, text: str) -> str:
    enhanced = _ENHANCED.match(text)
    return f"{code} {enhanced[0]}" if enhanced else str(code)


def _is_loopback(peer: Any) -> bool:
    try:
        return ip_address(peer[0]).is_loopback
    except (TypeError, IndexError, ValueError):
        return False
