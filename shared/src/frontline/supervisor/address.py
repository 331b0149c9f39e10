"""Addresses as services tell them (`host:port`, `[::1]:port`, or a URL), and as others can use them."""

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}


def split(address: str) -> tuple[str, int]:
    """Host (without brackets) and port of `host:port`."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def reachable(address: str) -> str:
    """`host:port` by which a listener can be reached from this machine, also when it listens everywhere."""
    host, port = split(address)
    return f"{_EVERYWHERE.get(host, f'[{host}]' if ':' in host else host)}:{port}"


def url(address: str) -> str:
    """The same as an HTTP URL without a path."""
    return address.rstrip("/") if "://" in address else f"http://{reachable(address)}"
