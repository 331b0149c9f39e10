"""What an operator may set for e-mail. Each field is `FRONTLINE_<FIELD>` in the environment."""

from pathlib import Path
from typing import Literal

import msgspec

from frontline.contract.error import Mistake, SettingsError

MIB = 1 << 20


class EmailSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything has a default. Durations are in seconds, sizes in bytes."""

    env: Literal["development", "production"] = "development"
    """In production mail has to have a relay."""
    data_dir: Path = Path(".frontline")
    """Where the local mailbox is, unless it is elsewhere."""

    smtp_host: str = "127.0.0.1"
    """The address to listen on for mail; `0.0.0.0` or `::` for all."""
    smtp_port: int = 2525
    """The port to listen on for mail; 0 is a free port, which the host is told."""
    smtp_hostname: str = "localhost"
    """What we call ourselves towards other mail servers."""
    smtp_max_size: int = 25 * MIB
    """The largest mail that is taken (RFC 1870)."""
    smtp_max_recipients: int = 100
    """Recipients of one mail; more come in a transaction of their own."""
    smtp_max_sessions: int = 500
    """Open connections; more are asked to come again."""
    smtp_max_in_hand: int = 256 * MIB
    """All mails together that are being received at one time; more are asked to come again."""
    smtp_idle_timeout: float = 300.0
    """Between two commands (RFC 5321, 4.5.3.2.7)."""
    smtp_data_timeout: float = 600.0
    """For one whole mail, from DATA to its last line."""
    smtp_grace: float = 5.0
    """How long mails in hand may take when the service stops."""

    smtp_relay: str = ""
    """`host:port` that takes our mail. Unset: a local mailbox, which is for development only."""
    smtp_relay_timeout: float = 60.0
    """For each answer of the relay."""
    smtp_relay_verify: bool = True
    """Whether the relay's certificate must be right, if it offers STARTTLS."""
    mailbox_dir: Path | None = None
    """The local mailbox; `<data dir>/mailbox` when unset."""
    email_domain: str = ""
    """The right side of our Message-IDs; the inbox's own domain when unset."""

    def __post_init__(self) -> None:
        mistakes = [
            Mistake(name, "must be more than 0")
            for name in (
                "smtp_max_size", "smtp_max_recipients", "smtp_max_sessions", "smtp_max_in_hand",
                "smtp_idle_timeout", "smtp_data_timeout", "smtp_grace", "smtp_relay_timeout",
            )
            if not getattr(self, name) > 0
        ]  # fmt: skip
        if not 0 <= self.smtp_port <= 65535:
            mistakes.append(Mistake("smtp_port", "must be a port, 0 to 65535"))
        if self.smtp_max_in_hand < self.smtp_max_size:
            mistakes.append(
                Mistake("smtp_max_in_hand", "must be at least smtp_max_size, or no such mail could come in")
            )
        if self.smtp_relay and self.relay is None:
            mistakes.append(Mistake("smtp_relay", "must be host:port"))
        if not self.smtp_relay and self.env == "production":
            mistakes.append(Mistake("smtp_relay", "must be set in production: the local mailbox sends nothing"))
        if mistakes:
            raise SettingsError(mistakes)

    @property
    def relay(self) -> tuple[str, int] | None:
        """Host and port of the relay, `None` for the local mailbox."""
        host, _, port = self.smtp_relay.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        return (host, int(port)) if host and port.isascii() and port.isdigit() and 0 < int(port) <= 65535 else None

    @property
    def mailbox(self) -> Path:
        return self.mailbox_dir or self.data_dir / "mailbox"
