"""The SMTP listener: who may come in, for whom, and what they are told."""

import asyncio
import logging
import ssl

from aiosmtpd.smtp import SMTP, Session

from frontline.contract.channel import Host, Inbox, Inboxes, Receive
from frontline.contract.error import Mistake, Reason, Rejected, SettingsError, Unavailable, answer_to
from intake_email.address import canonical_address
from intake_email.session import MailEnvelope, MailSession
from intake_email.settings import EmailSettings
from intake_email.taking import Taking


class Listener:
    """All sessions on one address. `tls` is offered as STARTTLS when it is given."""

    def __init__(
        self,
        settings: EmailSettings,
        host: Host,
        taking: Taking,
        receive: Receive,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._host = host
        self._tls = tls
        self._hooks = Hooks(settings, host, taking, receive)
        self._sessions: set[MailSession] = set()
        self._nobody = asyncio.Event()
        self._nobody.set()
        self._in_hand = 0
        # It logs every command with its addresses.
        logging.getLogger("mail.log").setLevel(logging.ERROR)

    async def run(self) -> None:
        """Listen until cancelled; then finish the mails in hand, for as long as the grace lasts."""
        settings = self._settings
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(self._session, settings.smtp_host, settings.smtp_port, reuse_address=True)
        except (OSError, UnicodeError) as error:
            where = f"{settings.smtp_host}:{settings.smtp_port}"
            raise SettingsError([Mistake("FRONTLINE_SMTP_PORT", f"{where} can't be listened on")]) from error
        try:
            name, port = server.sockets[0].getsockname()[:2]
            self._host.listening("smtp", f"[{name}]:{port}" if ":" in name else f"{name}:{port}")
            await loop.create_future()
        finally:
            server.close()
            await self._drain()

    async def _drain(self) -> None:
        for session in tuple(self._sessions):
            session.stop()
        try:
            async with asyncio.timeout(self._settings.smtp_grace):
                await self._nobody.wait()
        except TimeoutError:
            self._host.log.warning("smtp.cut_off", sessions=len(self._sessions))
            for session in tuple(self._sessions):
                self._host.meter.count("sessions_cut_off")
                session.abort()

    def _session(self) -> MailSession:
        return MailSession(self._hooks, self, self._settings, self._tls)

    def enter(self, session: MailSession) -> bool:
        if len(self._sessions) >= self._settings.smtp_max_sessions:
            self.answered("421")
            return False
        self._sessions.add(session)
        self._nobody.clear()
        return True

    def leave(self, session: MailSession) -> None:
        self._sessions.discard(session)
        if not self._sessions:
            self._nobody.set()

    def claim(self, octets: int) -> bool:
        if self._in_hand + octets > self._settings.smtp_max_in_hand:
            return False
        self._in_hand += octets
        return True

    def give_back(self, octets: int) -> None:
        self._in_hand -= octets

    def answered(self, code: str) -> None:
        if code.startswith(("4", "5")):
            self._host.meter.count("smtp_refusals", code=code)
            if code == "552":
                # Its sender is told and will not come again; who set the limit should know.
                self._host.log.warning("smtp.too_large", limit=self._settings.smtp_max_size)


class Hooks:
    """What aiosmtpd asks at each command; gives the status line."""

    def __init__(self, settings: EmailSettings, host: Host, taking: Taking, receive: Receive) -> None:
        self._most = settings.smtp_max_recipients
        self._host = host
        self._taking = taking
        self._receive = receive

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, _server: SMTP, _session: Session, envelope: MailEnvelope, address: str, _options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= self._most:
            return _refusal(Rejected("too many recipients", Reason.TOO_MANY))
        try:
            inbox = inbox_of(address, self._host.inboxes)
        except Unavailable as error:
            return _refusal(error)
        if inbox is None:
            return _refusal(Rejected("nobody here has this address", Reason.UNKNOWN_INBOX))
        envelope.rcpt_tos.append(address)
        envelope.inboxes[inbox.inbox] = (*envelope.inboxes.get(inbox.inbox, ()), canonical_address(address))
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: MailEnvelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        path = (envelope.mail_from or "").strip("<>")
        try:
            stored = await self._taking.take(
                envelope.content,
                envelope.inboxes,
                self._receive,
                return_path=canonical_address(path) or path.encode("utf-8", "replace").decode()[:320],
                peer=str(session.peer[0]) if session.peer else "",
            )
        except (Rejected, Unavailable) as error:
            self._host.log.warning("smtp.not_taken", inboxes=list(envelope.inboxes), answer=answer_to(error).smtp)
            return _refusal(error)
        except Exception as error:  # noqa: BLE001 - a bug must not cost a mail: its sender tries again
            return await self.handle_exception(error)
        self._host.meter.count("mails", inboxes=str(min(len(stored), 10)))
        return f"250 2.0.0 stored as {' '.join(stored)}"

    async def handle_exception(self, error: Exception) -> str:
        self._host.meter.count("failures", where="smtp")
        self._host.log.error("smtp.failed", exc_info=error)
        return f"{answer_to(error).smtp} something went wrong here, come again"


def inbox_of(address: str, inboxes: Inboxes) -> Inbox | None:
    """The inbox behind a recipient; `support+anything@` is `support@` unless it has one of its own."""
    canonical = canonical_address(address)
    if not canonical:
        return None
    found = inboxes.by_address(canonical)
    local, _, domain = canonical.rpartition("@")
    base = local.partition("+")[0]
    return inboxes.by_address(f"{base}@{domain}") if found is None and base and base != local else found


def _refusal(error: Rejected | Unavailable) -> str:
    """A status line; what it says comes from us and is one line of ASCII."""
    detail = error.detail.encode("ascii", "replace").decode().replace("\r", " ").replace("\n", " ")
    return f"{answer_to(error).smtp} {detail[:400]}"
