"""The PROXY protocol, versions 1 and 2: who is really there, as a proxy in front tells it. Pure.

Source: the specification that HAProxy publishes as `proxy-protocol.txt`, sections 2.1 and 2.2.
"""

import ipaddress
import re
import struct

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
V1 = b"PROXY "
LONGEST_V1 = 107
HEAD = struct.Struct("!BBH")
"""What follows the signature of version 2: version and command, family, length of the rest."""
LONGEST_V2 = 4096
_SPACED = re.compile(rb"PROXY (TCP4|TCP6) ([0-9A-Fa-f.:]+) ([0-9A-Fa-f.:]+) (\d{1,5}) (\d{1,5})\r\n")
_LOCAL, _PROXIED = 0x20, 0x21
_ADDRESSES = {0x1: 4, 0x2: 16}


class NotProxied(ValueError):
    """What came is no header of this protocol; the connection has to be dropped (2.1, 2.2)."""


def from_v1(line: bytes) -> str | None:
    """The client's address; `None` when the proxy does not know it. Raises `NotProxied`."""
    if line.startswith(b"PROXY UNKNOWN") and line.endswith(b"\r\n") and len(line) <= LONGEST_V1:
        return None
    found = _SPACED.fullmatch(line)
    if found is None or len(line) > LONGEST_V1 or any(int(port) > 65535 for port in found.groups()[3:]):
        raise NotProxied
    version = 4 if found[1] == b"TCP4" else 6
    try:
        source, target = (ipaddress.ip_address(text.decode()) for text in found.groups()[1:3])
    except ValueError as error:
        raise NotProxied from error
    if source.version != version or target.version != version:
        raise NotProxied
    return str(source)


def length_of_v2(head: bytes) -> int:
    """How many octets follow the head. Raises `NotProxied`."""
    command, _, length = HEAD.unpack(head)
    if command not in (_LOCAL, _PROXIED) or length > LONGEST_V2:
        raise NotProxied
    return int(length)


def from_v2(head: bytes, rest: bytes) -> str | None:
    """The client's address; `None` when the proxy speaks for itself or by a family that is no IP. Raises `NotProxied`."""
    command, family, _ = HEAD.unpack(head)
    size = _ADDRESSES.get(family >> 4)
    if command == _LOCAL or size is None:
        return None
    if len(rest) < 2 * size + 4:
        raise NotProxied
    return str(ipaddress.ip_address(rest[:size]))
