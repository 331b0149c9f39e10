"""What an operator may set for e-mail. Each field is `FRONTLINE_<FIELD>` in the environment."""

from pathlib import Path
from typing import Literal

from frontline.contract.error import Mistake, SettingsError
from intake_email.imap_settings import ImapSettings


class EmailSettings(ImapSettings, frozen=True, kw_only=True):
    """Everything has a default. Durations are in seconds, sizes in bytes."""

    env: Literal["development", "production"] = "development"
    """In production mail has to have a relay."""
    data_dir: Path = Path(".frontline")
    """Where the local mailbox is, unless it is elsewhere."""

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
        mistakes = self.receiving_mistakes()
        if not self.smtp_relay_timeout > 0:
            mistakes.append(Mistake("smtp_relay_timeout", "must be more than 0"))
        if self.smtp_relay and self.relay is None:
            mistakes.append(Mistake("smtp_relay", "must be host:port"))
        if not self.smtp_relay and self.env == "production":
            mistakes.append(Mistake("smtp_relay", "must be set in production: the local mailbox sends nothing"))
        mistakes += self.outgoing_mistakes()
        mistakes += self.imap_mistakes()
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
