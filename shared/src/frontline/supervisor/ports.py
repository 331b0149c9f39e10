"""Looks whether the ports that services are going to listen on are free: a service that finds its
own taken can only die, again and again.
"""

import socket
from collections.abc import Iterable, Mapping

from frontline.contract.error import Mistake

_PORTS = {
    "router": ("FRONTLINE_ROUTER", 8080),
    "intake-email": ("FRONTLINE_SMTP", 2525),
    "intake-chat": ("FRONTLINE_CHAT", 8081),
    "intake-phone": ("FRONTLINE_PHONE", 8082),
}


def taken(names: Iterable[str], environ: Mapping[str, str]) -> list[Mistake]:
    """A mistake for each port that one of the services `names` would not get now.

    What is not a port is left to the service to tell, and so is what stands in a settings file.
    """
    mistakes = []
    for name in names:
        prefix, default = _PORTS.get(name, ("", 0))
        text = environ.get(f"{prefix}_PORT") or ("0" if environ.get("FRONTLINE_SETTINGS") else str(default))
        port = int(text) if text.isascii() and text.isdigit() else 0
        if 0 < port < 65536 and not _free(environ.get(f"{prefix}_HOST") or "127.0.0.1", port):
            what = f"{port} is in use by another program: end that one, or choose another (0: any free one)"
            mistakes.append(Mistake(f"{prefix}_PORT", what))
    return mistakes


def _free(host: str, port: int) -> bool:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
            probe.bind(address)
    except OSError:
        return False
    return True
