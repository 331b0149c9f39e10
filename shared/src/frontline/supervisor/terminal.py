"""Whether somebody still sits at the terminal that this process was started from."""

import os

_TERMINAL = "/dev/tty"


def has_terminal() -> bool:
    """Not when there never was one, and not any more once it has hung up."""
    try:
        os.close(os.open(_TERMINAL, os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
