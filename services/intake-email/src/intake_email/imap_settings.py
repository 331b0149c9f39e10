"""What an operator may set for mail that is fetched from mailboxes elsewhere, by IMAP."""

import re
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from frontline.contract.error import Mistake
from intake_email.receiving_settings import ReceivingSettings

LONGEST_IDLE = 29 * 60.0
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class ImapMailbox(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mailbox: a table `[[channel.email.imap_mailboxes]]` of the settings file. It logs in with the password of a
    file, or by OAuth 2 (XOAUTH2) with what a program prints, or with tokens that are fetched from `token_url`.
    """

    name: str
    """What we call it, in figures and commands: small letters, digits, hyphens. What was taken in is noted under it."""
    host: str
    """The IMAP server."""
    port: int = 0
    """0 is 993, or 143 without implicit TLS."""
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    """`none` is for servers on this machine only."""
    ca: Path | None = None
    """Certificates (PEM) that the server's is checked against; the system's when unset."""
    user: str
    """Who to log in as."""
    password_file: Path | None = None
    """A file with the password; read at each login."""
    token_command: tuple[str, ...] = ()
    """A program with its arguments that prints an access token."""
    token_url: str = ""
    """Where access tokens are fetched (OAuth 2): by the refresh token if there is one, else by the client's own right."""
    client_id: str = ""
    """Who we are there."""
    client_secret_file: Path | None = None
    """A file with the client's secret, where it has one."""
    refresh_token_file: Path | None = None
    """A file with the refresh token."""
    scope: str = ""
    """What the token is asked to be good for."""
    folders: tuple[str, ...] = ("INBOX",)
    """The folders that are read, each to its end and then as mail comes."""
    inbox: str
    """The id of the inbox that this mail belongs to."""
    by_recipient: bool = False
    """Whether a mail goes to the inboxes whose addresses it was sent to, as in a mailbox that catches mail to all
    addresses; what names none of ours goes to `inbox`."""
    after: Literal["seen", "move", "nothing"] = "seen"
    """What is done with a mail there once it is stored here: marked as seen, moved to `move_to`, or nothing."""
    move_to: str = ""
    """The folder for `move`; made if it isn't there."""
    since: datetime | None = None
    """Mail that the server had taken before this instant is left alone. Unset: everything that lies there is taken in."""

    @property
    def at_port(self) -> int:
        return self.port or (993 if self.tls == "implicit" else 143)

    def mistakes(self) -> list[str]:
        ways = (self.password_file is not None, bool(self.token_command), bool(self.token_url))
        wrong = {
            "needs a name of small letters, digits and hyphens, 40 at most": not _NAME.fullmatch(self.name),
            "port must be 0 to 65535": not 0 <= self.port <= 65535,
            "tls may be none on this machine only": self.tls == "none" and self.host not in _LOOPBACK,
            "needs one of password_file, token_command and token_url": sum(ways) != 1,
            "token_url must begin with https://": bool(self.token_url) and not _is_safe(self.token_url),
            "token_url needs client_id": bool(self.token_url) and not self.client_id,
            "token_url needs refresh_token_file or client_secret_file": bool(self.token_url)
            and self.refresh_token_file is None
            and self.client_secret_file is None,
            "needs a folder": not self.folders,
            "has a folder twice": len(set(self.folders)) < len(self.folders),
            "needs an inbox": not self.inbox,
            "after = move needs move_to, and nothing else does": (self.after == "move") != bool(self.move_to),
            "move_to must be none of the folders that are read": self.move_to in self.folders,
            "since needs a zone": self.since is not None and self.since.tzinfo is None,
        }
        found = [what for what, holds in wrong.items() if holds]
        files = {"password_file": self.password_file, "client_secret_file": self.client_secret_file, "ca": self.ca}
        files["refresh_token_file"] = self.refresh_token_file
        return found + [f"{name} is no file" for name, path in files.items() if path is not None and not path.is_file()]


class ImapSettings(ReceivingSettings, frozen=True, kw_only=True):
    """Mailboxes that are read, and how patiently. Structs inherit from one other only, hence the base."""

    imap_mailboxes: tuple[ImapMailbox, ...] = ()
    """Mailboxes that are read by IMAP, each a table `[[channel.email.imap_mailboxes]]` in the settings file."""
    imap_timeout: float = 60.0
    """For a connection, and for each answer of the server."""
    imap_idle: float = 600.0
    """How long the server is listened to (IDLE) before it is asked whether it is still there; below 29 minutes (RFC 2177)."""
    imap_poll: float = 60.0
    """How often a server that has no IDLE is asked for new mail."""
    imap_retry: float = 60.0
    """The longest pause before a server that was out of reach, or a mail that could not be stored, is tried again."""
    imap_reconcile: float = 3600.0
    """How often what lies there is compared with what was taken in; what is missing is then taken in."""
    imap_lease: float = 15.0
    """After so long without a sign from the process that reads a mailbox another replica reads it."""

    def imap_mistakes(self) -> list[Mistake]:
        found = [
            Mistake(name, "must be more than 0")
            for name in ("imap_timeout", "imap_idle", "imap_poll", "imap_retry", "imap_reconcile", "imap_lease")
            if not getattr(self, name) > 0
        ]
        if self.imap_idle >= LONGEST_IDLE:
            found.append(Mistake("imap_idle", "must be less than 1740, 29 minutes (RFC 2177)"))
        for mailbox in self.imap_mailboxes:
            found += [Mistake("imap_mailboxes", f"{mailbox.name!r} {what}") for what in mailbox.mistakes()]
        names = [mailbox.name for mailbox in self.imap_mailboxes]
        found += [Mistake("imap_mailboxes", f"{name!r} is there twice") for name in set(names) if names.count(name) > 1]
        return found


def _is_safe(url: str) -> bool:
    return url.startswith(("https://", *(f"http://{host}:" for host in ("localhost", "127.0.0.1"))))
