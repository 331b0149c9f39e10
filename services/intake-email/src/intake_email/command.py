"""The arguments of SMTP's commands (RFC 5321, 4.1.2): pure; what is wrong with them is said in words."""

import re
from typing import NamedTuple

from frontline.contract.error import Reason, Rejected

LONGEST_PATH = 320
_PLAIN = re.compile(r"(?i:FROM|TO):<([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,255})>")
_PATH = re.compile(r"(?i:FROM|TO):[ \t]*<((?:[^<>\"]++|\"(?:[^\"\\]|\\.)*+\")*+)>(?:[ \t]+(.*+))?")
_ROUTE = re.compile(r"@[^:]*+:")
_LOCAL = re.compile(r"[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f]++|\"(?:[^\"\\\x00-\x1f\x7f]|\\[ -~])*+\"")
_DOMAIN = re.compile(r"[^\s\"(),:;<>@\[\\\]\x00-\x1f\x7f]++|\[[!-Z^-~]{1,80}\]")
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~]+))?")
_UNREADABLE = re.compile(r"[\ud800-\udfff]")


class Sender(NamedTuple):
    """`MAIL FROM`; the null path is ""."""

    address: str
    size: int
    international: bool


class Malformed(Exception):
    """The whole answer to it."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.answer = answer


def sender(argument: str, *, extended: bool, limit: int) -> Sender:
    """Raises `Malformed`, and `Rejected` for a mail that says that it is larger than `limit`."""
    plain = _PLAIN.fullmatch(argument)
    if plain is not None and argument[:5].lower() == "from:":
        return Sender(_sound(plain[1]), 0, international=False)
    path, given = _split(argument, "MAIL FROM:<address>")
    if given and not extended:
        raise Malformed("501 5.5.4 parameters need EHLO")
    options = _parameters(given)
    size = options.pop("SIZE", "0")
    if not (size.isascii() and size.isdigit() and len(size) <= 20):
        raise Malformed("501 5.5.4 SIZE is a number of octets")
    if options.pop("BODY", "7BIT").upper() not in {"7BIT", "8BITMIME"}:
        raise Malformed("501 5.5.4 BODY is 7BIT or 8BITMIME")
    international = options.pop("SMTPUTF8", None)
    if international:
        raise Malformed("501 5.5.4 SMTPUTF8 takes no value")
    if options:
        raise Malformed("555 5.5.4 a parameter is not known here")
    address = _address(path, international=international is not None) if path else ""
    if int(size) > limit:
        raise Rejected(f"larger than {limit} octets", Reason.TOO_LARGE)
    return Sender(address, int(size), international is not None)


def recipient(argument: str, *, international: bool) -> str:
    """The address of `RCPT TO`. Raises `Malformed`."""
    plain = _PLAIN.fullmatch(argument)
    if plain is not None and argument[:3].lower() == "to:":
        return _sound(plain[1])
    path, given = _split(argument, "RCPT TO:<address>")
    if _parameters(given):
        raise Malformed("555 5.5.4 a parameter is not known here")
    return _address(path, international=international)


def _split(argument: str, syntax: str) -> tuple[str, str]:
    """What is in the brackets, which have to be there, and what comes after them."""
    found = _PATH.fullmatch(argument)
    if found is None or not argument.lower().startswith(syntax[5:].partition("<")[0].lower()):
        raise Malformed(f"501 5.5.4 say {syntax}")
    return found[1], found[2] or ""


def _address(path: str, *, international: bool) -> str:
    """The mailbox of a path; a route before it is obsolete and means nothing (RFC 5321, appendix C)."""
    route = _ROUTE.match(path)
    address = path[route.end() :] if route else path
    if not address.isascii() and not _UNREADABLE.search(address) and not international:
        raise Malformed("553 5.6.7 this address needs SMTPUTF8")
    return _sound(address)


def _sound(address: str) -> str:
    local, _, domain = address.rpartition("@")
    whole = local or domain
    if (
        len(address) > LONGEST_PATH
        or _UNREADABLE.search(address)
        or not _LOCAL.fullmatch(whole)
        or (local and not _DOMAIN.fullmatch(domain))
        or (not local and "@" in address)
        or ".." in domain
    ):
        raise Malformed("553 5.1.3 this is no address")
    return address


def _parameters(given: str) -> dict[str, str]:
    """By upper-case name; a parameter without a value has "". Raises `Malformed`."""
    found: dict[str, str] = {}
    for each in given.split():
        match = _PARAMETER.fullmatch(each)
        if match is None or match[1].upper() in found:
            raise Malformed("501 5.5.4 the parameters can't be understood")
        found[match[1].upper()] = match[2] or ""
    return found
