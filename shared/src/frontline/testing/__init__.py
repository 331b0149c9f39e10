"""What the authors of channels and services test with: `ChannelContract`, a real nats-server, both ends of HTTP."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frontline.testing.channel_contract import ChannelContract

__all__ = ["ChannelContract"]


def __getattr__(name: str) -> Any:
    """Imported when it is asked for: a fixture of this package needs none of it."""
    if name == "ChannelContract":
        from frontline.testing.channel_contract import ChannelContract

        return ChannelContract
    raise AttributeError(name)
