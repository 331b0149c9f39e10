"""What an operator may set for mail that comes in by SMTP and LMTP."""

import ipaddress
from pathlib import Path

import msgspec

from frontline.contract.error import Mistake
from intake_email.incoming import LARGE_COST
from intake_email.outgoing_settings import OutgoingSettings

MIB = 1 << 20

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class ReceivingSettings(OutgoingSettings, frozen=True, kw_only=True):
    """Where we listen, to whom, and how much of everything. Structs inherit from one other only, hence the base."""

    smtp_host: str = "127.0.0.1"
    """The address to listen on for mail; `0.0.0.0` or `::` for all."""
    smtp_port: int = 2525
    """The port to listen on for mail; 0 is a free port, which the host is told."""
    smtp_share_port: bool = False
    """Whether several of these processes may listen on the one port (SO_REUSEPORT): the system spreads sessions over them."""
    smtp_hostname: str = "localhost"
    """What we call ourselves towards other mail servers."""
    lmtp_host: str = "127.0.0.1"
    """The address to listen on for LMTP, where the mail server in front hears of each recipient by itself."""
    lmtp_port: int | None = None
    """The port for LMTP; 0 is a free port. Unset: no LMTP."""

    smtp_tls_certificate: Path | None = None
    """Our certificate with its chain (PEM), for STARTTLS; read again when it has changed. Unset: no STARTTLS."""
    smtp_tls_key: Path | None = None
    """Its key (PEM, without a password); unset when the certificate's file has it."""
    smtp_tls_required: bool = False
    """Whether mail is taken over TLS only. Senders on the internet do not all have it (RFC 3207, 4)."""
    smtp_proxy_networks: tuple[str, ...] = ()
    """Networks (`10.0.0.0/8`) of proxies in front, which have to begin each session with the PROXY protocol, version 1
    or 2; from anybody else it is no mail."""

    smtp_max_size: int = 25 * MIB
    """The largest mail that is taken (RFC 1870)."""
    smtp_max_header: int = MIB
    """The largest header of a mail."""
    smtp_max_recipients: int = 100
    """Recipients of one mail; more come in a transaction of their own."""
    smtp_max_sessions: int = 500
    """Open connections; more are asked to come again."""
    smtp_max_sessions_per_peer: int = 100
    """Open connections of one address (of one /64 of IPv6); more are asked to come again."""
    smtp_max_commands: int = 1000
    """Commands of a session without a mail; more end it."""
    smtp_max_errors: int = 20
    """Commands of a session that were refused for good; more end it."""
    smtp_max_in_hand: int = 256 * MIB
    """Memory for mails that are being received; more mails are asked to come again. A mail of any size takes 8 MiB at most."""
    smtp_gather: float = 0.002
    """How long a mail that has come whole waits for those of other sessions, to be read and stored together with them
    at less cost; 0 for not at all. A session that is alone never waits."""
    smtp_full_pause: float = 5.0
    """After an inbox was found full its mail is refused for so long before it is sent, not after."""
    smtp_idle_timeout: float = 300.0
    """Between two commands (RFC 5321, 4.5.3.2.7)."""
    smtp_data_pause: float = 180.0
    """Between two pieces of a mail (RFC 5321, 4.5.3.2.5)."""
    smtp_data_timeout: float = 600.0
    """For one whole mail, from DATA to its last line."""
    smtp_tls_timeout: float = 60.0
    """For the handshake of STARTTLS."""
    smtp_proxy_timeout: float = 10.0
    """For a proxy to say who is behind it."""
    smtp_grace: float = 5.0
    """How long mails in hand may take when the service stops."""

    @property
    def proxy_networks(self) -> tuple[Network, ...]:
        """Those of `smtp_proxy_networks`; they have been looked at when the settings were read."""
        return tuple(ipaddress.ip_network(each) for each in self.smtp_proxy_networks)

    def receiving_mistakes(self) -> list[Mistake]:
        """What the operator has to mend, by the name of the setting."""
        found = [
            Mistake(each.name, "must be more than 0")
            for each in msgspec.structs.fields(ReceivingSettings)
            if each.name.startswith("smtp_")
            and type(each.default) in (int, float)
            and each.name not in ("smtp_port", "smtp_gather")
            if not getattr(self, each.name) > 0
        ]
        if not 0 <= self.smtp_gather <= 1:
            found.append(Mistake("smtp_gather", "must be 0 to 1 second"))
        for name in ("smtp_port", "lmtp_port"):
            if not 0 <= (getattr(self, name) or 0) <= 65535:
                found.append(Mistake(name, "must be a port, 0 to 65535"))
        if self.smtp_max_in_hand < min(self.smtp_max_size, LARGE_COST):
            found.append(Mistake("smtp_max_in_hand", "must be at least smtp_max_size, or 8 MiB, or no such mail fits"))
        if self.smtp_share_port and self.smtp_port == 0:
            found.append(Mistake("smtp_share_port", "needs a fixed smtp_port"))
        if self.smtp_tls_certificate is None and (self.smtp_tls_key is not None or self.smtp_tls_required):
            found.append(Mistake("smtp_tls_certificate", "is needed for TLS"))
        for each in self.smtp_proxy_networks:
            try:
                ipaddress.ip_network(each)
            except ValueError:
                found.append(Mistake("smtp_proxy_networks", f"{each!r} is no network"))
        return found
