"""The upper half of an SMTP session: its commands (RFC 5321, 4.1.1), in place of aiosmtpd's own.

aiosmtpd reads each address with the standard library's full parser, a quarter of its time, takes paths
without brackets, and answers without enhanced status codes (RFC 3463).
"""

import asyncio
import ssl
from typing import ClassVar, cast

from aiosmtpd.smtp import Envelope

from frontline.contract.error import Rejected, Unavailable
from frontline.contract.ids import InboxId
from intake_email.address import canonical_address
from intake_email.command import Malformed, recipient, sender
from intake_email.connection import Connection, Floor, Goodbye
from intake_email.incoming import Incoming
from intake_email.reception import Answers, Reception, one_answer, refusal
from intake_email.settings import EmailSettings
from intake_email.taking import Way


class MailEnvelope(Envelope):
    """What came before DATA. `named` is the recipients in order, each with its inbox."""

    def __init__(self) -> None:
        super().__init__()
        self.named: list[tuple[InboxId, str]] = []


class MailSession(Connection):
    """A session on the SMTP listener."""

    greeting_command = "EHLO"
    other_greetings: ClassVar[frozenset[str]] = frozenset({"LHLO"})

    def __init__(self, reception: Reception, floor: Floor, settings: EmailSettings) -> None:
        super().__init__(reception, floor, settings)
        self._commands = 0

    async def obey(self, line: str) -> None:
        assert self.session is not None
        self._commands += 1
        if self._commands > self._settings.smtp_max_commands:
            raise Goodbye("421 4.7.0 too many commands without a mail", "too_many_commands")
        name, _, argument = line.partition(" ")
        name = name.upper()
        method = self._smtp_methods.get(name)
        if method is None or name in self.other_greetings:
            await self.push("500 5.5.1 this command is not known here")
        elif self._settings.smtp_tls_required and self.session.ssl is None and name in {"MAIL", "RCPT", "DATA"}:
            await self.push("530 5.7.0 say STARTTLS first")
        else:
            await method(argument.strip() or None)

    async def _greeted(self) -> bool:
        assert self.session is not None
        if self.session.host_name:
            return True
        await self.push(f"503 5.5.1 say {self.greeting_command} first")
        return False

    async def smtp_HELO(self, hostname: str | None) -> None:  # noqa: N802 - aiosmtpd finds commands by these names
        if await self._introduced(hostname):
            assert self.session is not None
            self.session.extended_smtp = False
            await self.push(f"250 {self.hostname}")

    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802
        if not await self._introduced(hostname):
            return
        assert self.session is not None
        self.session.extended_smtp = True
        offered = ["PIPELINING", f"SIZE {self.data_size_limit}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES"]
        if self.session.ssl is None and self._floor.certificate() is not None:
            offered.append("STARTTLS")
        for each in (self.hostname, *offered[:-1]):
            await self.push(f"250-{each}")
        await self.push(f"250 {offered[-1]}")

    smtp_LHLO = smtp_EHLO  # noqa: N815

    async def _introduced(self, hostname: str | None) -> bool:
        assert self.session is not None
        if not hostname or len(hostname) > 255 or not hostname.isprintable():
            await self.push(f"501 5.5.4 say {self.greeting_command} and your name")
            return False
        self.session.host_name = hostname
        self.envelope = self._create_envelope()
        return True

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        assert self.session is not None
        assert self.envelope is not None
        if not await self._greeted():
            return
        if self.envelope.mail_from is not None:
            await self.push("503 5.5.1 one mail at a time: say RSET first")
            return
        try:
            found = sender(arg or "", extended=self.session.extended_smtp, limit=self._settings.smtp_max_size)
        except Malformed as error:
            await self.push(error.answer)
        except Rejected as error:
            await self.push(refusal(error))
        else:
            self.envelope.mail_from = found.address
            self.envelope.smtp_utf8 = found.international
            await self.push("250 2.1.0 OK")

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        assert isinstance(self.envelope, MailEnvelope)
        if not await self._greeted():
            return
        if self.envelope.mail_from is None:
            await self.push("503 5.5.1 say MAIL first")
            return
        try:
            address = recipient(arg or "", international=self.envelope.smtp_utf8)
            self.envelope.named.append(self._reception.recipient(address, len(self.envelope.named)))
        except Malformed as error:
            await self.push(error.answer)
        except (Rejected, Unavailable) as error:
            await self.push(refusal(error))
        else:
            await self.push("250 2.1.5 OK")

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        assert isinstance(self.envelope, MailEnvelope)
        if not await self._greeted():
            return
        if not self.envelope.named:
            await self.push("503 5.5.1 say RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 DATA takes no arguments")
            return
        way = self._way(self.envelope)
        assert self.transport is not None
        incoming = Incoming(
            self._settings,
            cast("asyncio.Transport", self.transport),  # uvloop's are of none of asyncio's classes
            self._floor.claim,
            lambda raw: self._reception.small(way, raw),
            lambda chunks: self._reception.large(way, chunks),
        )
        try:
            await self.receive(incoming)
            self._storing = True
            await self._floor.whole()
            await self._judge(incoming, self.envelope)
        finally:
            if self._storing:
                self._storing = False
                self._floor.settled()
            self._dotted = None
            await incoming.close()
            self._floor.give_back(incoming.held)
            self._incoming = None
            self.envelope = self._create_envelope()

    def _way(self, envelope: MailEnvelope) -> Way:
        assert self.session is not None
        path = envelope.mail_from or ""
        inboxes: dict[InboxId, tuple[str, ...]] = {}
        for inbox, address in envelope.named:
            inboxes[inbox] = tuple(dict.fromkeys((*inboxes.get(inbox, ()), address)))
        return Way(
            inboxes=inboxes,
            return_path=canonical_address(path) or path[:320],
            peer=self._peer,
            helo=(self.session.host_name or "").encode("utf-8", "replace").decode(),
        )

    async def _judge(self, incoming: Incoming[Answers], envelope: MailEnvelope) -> None:
        try:
            answers = await incoming.outcome()
        except Exception as error:  # noqa: BLE001 - as above
            answers = dict.fromkeys((inbox for inbox, _ in envelope.named), self._reception.refusal(error))
        self._commands = 0
        await self._tell(answers, envelope)

    async def _tell(self, answers: Answers, envelope: MailEnvelope) -> None:  # noqa: ARG002 - of use to LMTP
        await self.push(one_answer(answers))

    async def smtp_RSET(self, arg: str | None) -> None:  # noqa: N802
        if arg:
            await self.push("501 5.5.4 RSET takes no arguments")
            return
        self.envelope = self._create_envelope()
        await self.push("250 2.0.0 OK")

    async def smtp_NOOP(self, _arg: str | None) -> None:  # noqa: N802
        await self.push("250 2.0.0 OK")

    async def smtp_VRFY(self, _arg: str | None) -> None:  # noqa: N802
        await self.push("252 2.5.2 send it and see")

    async def smtp_HELP(self, _arg: str | None) -> None:  # noqa: N802
        await self.push("214 2.0.0 this server speaks RFC 5321")

    async def smtp_EXPN(self, _arg: str | None) -> None:  # noqa: N802
        await self.push("502 5.5.1 lists are not shown here")

    async def smtp_AUTH(self, _arg: str | None) -> None:  # noqa: N802
        await self.push("502 5.5.1 there is nothing to log in for")

    async def smtp_QUIT(self, _arg: str | None) -> None:  # noqa: N802
        raise Goodbye("221 2.0.0 goodbye", "")

    async def smtp_STARTTLS(self, arg: str | None) -> None:  # noqa: N802
        assert self.session is not None
        context = self._floor.certificate()
        if arg or context is None or self.session.ssl is not None:
            await self.push("501 5.5.4 STARTTLS takes no arguments" if arg else "503 5.5.1 there is no STARTTLS now")
            return
        if self._reader._buffer:  # type: ignore[attr-defined]  # noqa: SLF001
            # Said in the clear, to be heard as if it came through TLS (CVE-2011-0411).
            raise Goodbye("503 5.5.1 nothing may follow STARTTLS before the handshake", "injection")
        await self.push("220 2.0.0 go ahead")
        await self._flush()
        self._reset_timeout(self._settings.smtp_tls_timeout + 1)
        assert self.transport is not None
        try:
            transport = await self.loop.start_tls(
                cast("asyncio.Transport", self.transport),
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=self._settings.smtp_tls_timeout,
            )
        except (OSError, ssl.SSLError) as error:
            raise Goodbye("", "handshake") from error
        assert transport is not None
        self.transport = transport
        self._reader._transport = self._writer._transport = transport  # type: ignore[attr-defined]  # noqa: SLF001
        # Whatever was said before is forgotten (RFC 3207, 4.2).
        self.session.ssl = {"object": transport.get_extra_info("ssl_object")}
        self.session.host_name = None
        self.envelope = self._create_envelope()

    def _create_envelope(self) -> MailEnvelope:
        return MailEnvelope()
