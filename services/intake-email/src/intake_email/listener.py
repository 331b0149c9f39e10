"""The SMTP and LMTP listeners: their sessions, what all of them share, and an orderly end."""

import asyncio
import ipaddress
import logging
import ssl
from collections import Counter
from functools import partial

from frontline.contract.channel import Host, Receive
from frontline.contract.error import Mistake, SettingsError
from intake_email.certificate import Certificate
from intake_email.connection import Connection
from intake_email.gathering import Gathering
from intake_email.lmtp import LmtpSession
from intake_email.receiving_settings import Network
from intake_email.reception import Reception
from intake_email.reception import inbox_of as inbox_of  # noqa: PLC0414 - read from here by what sends
from intake_email.session import MailSession
from intake_email.settings import EmailSettings
from intake_email.taking import Taking


class Listener:
    """All sessions of this process."""

    def __init__(self, settings: EmailSettings, host: Host, taking: Taking, receive: Receive) -> None:
        self._settings = settings
        self._host = host
        self._reception = Reception(settings, host, taking, receive)
        self._proxies = settings.proxy_networks
        self._certificate: Certificate | None = None
        self._sessions: dict[Connection, str] = {}
        """With the peer that each was admitted for, "" before it was."""
        self._peers = Counter[str]()
        self._nobody = asyncio.Event()
        self._nobody.set()
        self._in_hand = 0
        self._whole = 0
        """Sessions whose mail has come, and has no answer yet."""
        self._gathering = Gathering(settings.smtp_gather)
        # It logs every command with its addresses.
        logging.getLogger("mail.log").setLevel(logging.ERROR)

    async def run(self) -> None:
        """Listen until cancelled; then finish the mails in hand, for as long as the grace lasts."""
        settings = self._settings
        if settings.smtp_tls_certificate is not None:
            key = settings.smtp_tls_key or settings.smtp_tls_certificate
            self._certificate = Certificate(settings.smtp_tls_certificate, key, self._host.log, self._host.meter)
        servers: list[asyncio.Server] = []
        try:
            servers.append(await self._listen("smtp", MailSession, settings.smtp_host, settings.smtp_port))
            if settings.lmtp_port is not None:
                servers.append(await self._listen("lmtp", LmtpSession, settings.lmtp_host, settings.lmtp_port))
            await asyncio.get_running_loop().create_future()
        finally:
            for server in servers:
                server.close()
            await self._drain()

    async def _listen(self, name: str, kind: type[MailSession], host: str, port: int) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        make = partial(kind, self._reception, self, self._settings)
        try:
            server = await loop.create_server(
                make, host, port, reuse_address=True, reuse_port=self._settings.smtp_share_port or None, backlog=512
            )
        except (OSError, UnicodeError) as error:
            where = f"{host}:{port}"
            raise SettingsError([Mistake(f"FRONTLINE_{name.upper()}_PORT", f"{where} can't be listened on")]) from error
        address, number = server.sockets[0].getsockname()[:2]
        self._host.listening(name, f"[{address}]:{number}" if ":" in address else f"{address}:{number}")
        return server

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

    def enter(self, session: Connection) -> bool:
        if len(self._sessions) >= self._settings.smtp_max_sessions:
            self.answered("421")
            return False
        self._sessions[session] = ""
        self._nobody.clear()
        return True

    def admit(self, session: Connection, peer: str) -> bool:
        who = neighbourhood(peer)
        if self._peers[who] >= self._settings.smtp_max_sessions_per_peer:
            return False
        self._peers[who] += 1
        self._sessions[session] = who
        return True

    def leave(self, session: Connection) -> None:
        who = self._sessions.pop(session, "")
        if who:
            self._peers[who] -= 1
            if not self._peers[who]:
                del self._peers[who]
        if not self._sessions:
            self._nobody.set()

    def proxied(self, peer: str) -> bool:
        return bool(self._proxies) and _is_in(peer, self._proxies)

    def certificate(self) -> ssl.SSLContext | None:
        return self._certificate.context() if self._certificate is not None else None

    def claim(self, octets: int) -> bool:
        if self._in_hand + octets > self._settings.smtp_max_in_hand:
            return False
        self._in_hand += octets
        return True

    def give_back(self, octets: int) -> None:
        self._in_hand -= octets

    async def whole(self) -> None:
        self._whole += 1
        await self._gathering.wait(len(self._sessions) - self._whole)

    def settled(self) -> None:
        self._whole -= 1

    def answered(self, code: str) -> None:
        if code.startswith(("4", "5")):
            self._host.meter.count("smtp_refusals", code=code)
            if code == "552":
                # Its sender is told and will not come again; who set the limit should know.
                self._host.log.warning("smtp.too_large", limit=self._settings.smtp_max_size)

    def ended(self, why: str) -> None:
        self._host.meter.count("sessions_ended", why=why)


def neighbourhood(peer: str) -> str:
    """Who counts as one: an IPv4 address, or a /64 of IPv6, which one customer has all to itself."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return peer or "?"
    if isinstance(address, ipaddress.IPv6Address):
        return str(address.ipv4_mapped or ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(address)


def _is_in(peer: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    plain = address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address
    return any(plain in network for network in networks)
