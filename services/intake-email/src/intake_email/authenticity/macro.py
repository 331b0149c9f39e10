"""Macros in SPF policies, `%{i}._spf.%{d}` (RFC 7208, 7). Pure."""

import re
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import quote

from intake_email.authenticity.tags import Malformed

_MACRO = re.compile(r"%(?:\{([a-z])(\d{0,3})(r?)([-.+,/_=]*)\}|([%_-])|)", re.IGNORECASE)
_LITERAL = {"%": "%", "_": " ", "-": "%20"}


class Macros(NamedTuple):
    """What they may stand for. `sender` has a local part."""

    sender: str
    domain: str
    hello: str
    address: IPv4Address | IPv6Address

    def value(self, letter: str) -> str:
        match letter:
            case "s":
                return self.sender
            case "l":
                return self.sender.rpartition("@")[0] or "postmaster"
            case "o":
                return self.sender.rpartition("@")[2]
            case "d":
                return self.domain
            case "h":
                return self.hello
            case "v":
                return "in-addr" if self.address.version == 4 else "ip6"
            case "i":
                v4 = isinstance(self.address, IPv4Address)
                return str(self.address) if v4 else ".".join(self.address.exploded.replace(":", ""))
            case "p":
                return "unknown"  # what it stands for should not be used, and costs lookups (RFC 7208, 7.3)
            case _:
                raise Malformed("a macro that there is not")


def expanded(text: str, macros: Macros) -> str:
    """`text` with each macro replaced. Raises `Malformed`."""

    def replace(found: re.Match[str]) -> str:
        letter, digits, reverse, delimiters, literal = found.groups()
        if literal:
            return _LITERAL[literal]
        if not letter:
            raise Malformed("a macro is wrong")
        value = macros.value(letter.lower())
        parts = re.split(f"[{re.escape(delimiters or '.')}]", value)
        if reverse:
            parts.reverse()
        if digits:
            if int(digits) == 0:
                raise Malformed("a macro of no parts")
            parts = parts[-int(digits) :]
        joined = ".".join(parts)
        return quote(joined, safe="-._~") if letter.isupper() else joined

    return _MACRO.sub(replace, text)
