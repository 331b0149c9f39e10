"""What an operator may set for webhooks. Each field is `FRONTLINE_<FIELD>` in the environment."""

from urllib.parse import urlsplit

import msgspec

from frontline.contract.error import Mistake, SettingsError
from frontline.contract.ids import InboxId
from frontline.contract.secret import Secret
from frontline.contract.subject import is_token
from intake_webhook.signature import key_of


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Only the secrets have no default. Durations are in seconds, sizes in bytes."""

    webhook_host: str = "127.0.0.1"
    """The address to listen on; `0.0.0.0` for all."""
    webhook_port: int = 8083
    """The port to listen on; 0 is a free port, which the host is told."""
    webhook_secrets: tuple[Secret, ...]
    """`whsec_` and 24 bytes at least in Base64, as both sides know it. While one is being replaced: both. The first
    signs what we send, and so do the others."""
    webhook_replies: tuple[str, ...] = ()
    """`inbox=URL` for each inbox whose replies go somewhere."""
    webhook_tolerance: float = 300.0
    """How old a signed time stamp may be, and how far ahead."""
    webhook_max_size: int = 256 * 1024
    """The largest message that is taken."""
    webhook_timeout: float = 20.0
    """How long the far end may take to answer a reply."""
    webhook_grace: float = 5.0
    """How long messages in hand may take when the service stops."""

    def __post_init__(self) -> None:
        mistakes = [
            Mistake(name, "must be more than 0")
            for name in ("webhook_tolerance", "webhook_max_size", "webhook_timeout", "webhook_grace")
            if not getattr(self, name) > 0
        ]
        if not 0 <= self.webhook_port <= 65535:
            mistakes.append(Mistake("webhook_port", "must be a port, 0 to 65535"))
        if not self.webhook_secrets or any(key_of(secret) is None for secret in self.webhook_secrets):
            mistakes.append(Mistake("webhook_secrets", "must each be whsec_ and 24 bytes at least in Base64"))
        mistakes += [
            Mistake("webhook_replies", f"{each.partition('=')[0]!r} must be inbox=URL, https:// or http://")
            for each in self.webhook_replies
            if not _is_target(each)
        ]
        if mistakes:
            raise SettingsError(mistakes)

    @property
    def keys(self) -> tuple[bytes, ...]:
        return tuple(key for secret in self.webhook_secrets if (key := key_of(secret)) is not None)

    @property
    def targets(self) -> dict[InboxId, str]:
        """Where the replies of an inbox go."""
        pairs = (each.partition("=") for each in self.webhook_replies)
        return {InboxId(inbox): url for inbox, _, url in pairs}


def _is_target(text: str) -> bool:
    inbox, _, url = text.partition("=")
    parts = urlsplit(url)
    return is_token(inbox) and parts.scheme in {"https", "http"} and bool(parts.hostname)
