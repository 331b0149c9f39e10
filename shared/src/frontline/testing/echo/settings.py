"""What an operator may set for the channel. Each field is `FRONTLINE_<FIELD>` in the environment."""

import msgspec

from frontline.contract.error import Mistake, SettingsError
from frontline.contract.secret import Secret


class EchoSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Durations are in seconds, sizes in bytes."""

    echo_host: str = "127.0.0.1"
    """The address to listen on; `0.0.0.0` for all."""
    echo_port: int = 8090
    """The port to listen on; 0 is a free port, which the host is told."""
    echo_token: Secret
    """What senders show as their bearer token, and we show to the far end."""
    echo_url: str = ""
    """Where replies go."""
    echo_max_size: int = 256 * 1024
    """The largest message that is taken."""
    echo_timeout: float = 20.0
    """How long the far end may take to answer."""
    echo_grace: float = 5.0
    """How long messages in hand may take when the service stops."""

    def __post_init__(self) -> None:
        mistakes = [
            Mistake(name, "must be more than 0")
            for name in ("echo_max_size", "echo_timeout", "echo_grace")
            if not getattr(self, name) > 0
        ]
        if not 0 <= self.echo_port <= 65535:
            mistakes.append(Mistake("echo_port", "must be a port, 0 to 65535"))
        if self.echo_url and not self.echo_url.startswith(("https://", "http://")):
            mistakes.append(Mistake("echo_url", "must begin with https:// or http://"))
        if mistakes:
            raise SettingsError(mistakes)
