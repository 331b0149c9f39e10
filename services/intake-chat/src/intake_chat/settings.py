"""What an operator may set for chat. Each field is `FRONTLINE_<FIELD>` in the environment."""

from typing import Literal
from urllib.parse import urlsplit

import msgspec

from frontline.contract.error import Mistake, SettingsError
from frontline.contract.secret import Secret

KIB = 1 << 10
MIB = 1 << 20
SECRET_BYTES = 32
"""What HS256 asks for (RFC 7518, 3.2)."""


class ChatSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything has a default. Durations are in seconds, sizes in bytes. Limits hold for one process."""

    env: Literal["development", "production"] = "development"

    chat_host: str = "127.0.0.1"
    chat_port: int = 8081
    """0 is a free port, which the host is told."""
    chat_origins: tuple[str, ...] = ()
    """Sites that may show the widget, as `https://shop.example`; `https://*.shop.example` for every site below.
    Our own origin always may, and in development localhost, too."""
    chat_identity_secrets: tuple[Secret, ...] = ()
    """`inbox=secret` for each inbox whose host page signs who its visitors are (JWT, HS256)."""
    chat_trusted_proxies: tuple[str, ...] = ()
    """Addresses of our own proxies, whose X-Forwarded-For is believed."""
    chat_token_days: float = 30.0
    """How long a visitor who stays away is known again."""

    chat_max_frame: int = 64 * KIB
    chat_max_text: int = 8000
    """Characters in one message."""
    chat_max_sockets: int = 20_000
    chat_max_sockets_per_visitor: int = 12
    chat_max_sockets_per_address: int = 2000
    """Loose: a company or a village may stand behind one address."""
    chat_messages_per_minute: float = 30.0
    """For one visitor; twice as many may come at once after a silence."""
    chat_messages_per_minute_per_address: float = 1200.0
    chat_frames_per_minute: float = 600.0
    """Of any kind, for one visitor; more ends the socket."""
    chat_max_unread_bytes: int = 512 * KIB
    """A socket that leaves more than this unread is closed with 1013 and resumes by its cursor."""
    chat_hello_timeout: float = 10.0
    chat_heartbeat: float = 30.0
    chat_gone_seconds: float = 120.0
    """Whose last window has been closed for so long has left: they are answered in writing until they write again."""
    chat_presence_interval: float = 2.0
    """Between two tellings of presence that has changed."""

    chat_max_file: int = 20 * MIB
    chat_max_uploads: int = 32
    """Files that are being received at one time; more have to come again."""
    chat_files_per_minute: float = 10.0
    """For one visitor."""
    chat_upload_timeout: float = 120.0
    chat_link_hours: float = 24.0
    """How long the address of a file in a conversation works."""

    chat_grace: float = 2.0
    """How long closing all sockets may take when the service stops."""

    def __post_init__(self) -> None:
        mistakes = [
            Mistake(name, "must be more than 0")
            for name in (
                "chat_token_days", "chat_max_frame", "chat_max_text", "chat_max_sockets", "chat_max_sockets_per_visitor",
                "chat_max_sockets_per_address", "chat_messages_per_minute", "chat_messages_per_minute_per_address", "chat_frames_per_minute",
                "chat_max_unread_bytes", "chat_hello_timeout", "chat_heartbeat", "chat_gone_seconds", "chat_presence_interval",
                "chat_max_file", "chat_max_uploads", "chat_files_per_minute", "chat_upload_timeout", "chat_link_hours",
                "chat_grace",
            )
            if not getattr(self, name) > 0
        ]  # fmt: skip
        if not 0 <= self.chat_port <= 65535:
            mistakes.append(Mistake("chat_port", "must be a port, 0 to 65535"))
        mistakes += [
            Mistake("chat_origins", f"{origin!r} is not an origin: write https://shop.example, without a path")
            for origin in self.chat_origins
            if origin != "*" and not _is_origin(origin)
        ]
        if "*" in self.chat_origins and self.env == "production":
            mistakes.append(Mistake("chat_origins", "must name the sites in production: `*` lets every site in"))
        for entry in self.chat_identity_secrets:
            inbox, given, secret = entry.partition("=")
            if not (inbox and given):
                mistakes.append(Mistake("chat_identity_secrets", "must be inbox=secret, several with commas between"))
            elif len(secret.encode()) < SECRET_BYTES:
                mistakes.append(
                    Mistake("chat_identity_secrets", f"that of {inbox} needs {SECRET_BYTES} bytes at least")
                )
        if mistakes:
            raise SettingsError(mistakes)

    @property
    def identity_secrets(self) -> dict[str, str]:
        """The secret for each inbox that has one."""
        return {inbox: secret for inbox, _, secret in (entry.partition("=") for entry in self.chat_identity_secrets)}


def _is_origin(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and text == f"{parts.scheme}://{parts.netloc}"
