"""What the embedded server's store was last provisioned for. The mark lies in the store, so that it goes with it."""

from pathlib import Path

import msgspec

from frontline import __version__
from frontline.supervisor.home import Home, write_private
from frontline.supervisor.settings import UpSettings


def is_marked(home: Home, settings: UpSettings) -> bool:
    """Whether the store holds all that `settings` need, as far as can be told without asking the server."""
    try:
        return _file(home).read_bytes() == _inputs(settings)
    except FileNotFoundError:
        return False


def mark(home: Home, settings: UpSettings) -> None:
    write_private(_file(home), _inputs(settings))


def _file(home: Home) -> Path:
    return home.nats / "provisioned"


def _inputs(settings: UpSettings) -> bytes:
    """Everything that the topology is made from."""
    found = settings.configuration
    return msgspec.json.encode([__version__, found.channels, [desk.id for desk in found.desks], settings.storage])
