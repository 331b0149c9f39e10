"""Whether the host that brought a mail may send for the domain of its envelope: SPF (RFC 7208). Pure.

Of our own: the library that there is waits for each answer of the DNS where it stands.
"""

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

from intake_email.authenticity.lookup import Kind, Lookup, Record, question, texts
from intake_email.authenticity.macro import Macros, expanded
from intake_email.authenticity.tags import Malformed
from intake_email.authenticity.verdict import Finding

METHOD = "spf"
_LONGEST = 253
_MOST_LOOKUPS = 10
_MOST_VOID = 2
_MOST_NAMES = 10
_MOST_TERMS = 200
_RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_RECORD = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_TERM = re.compile(
    r"(?P<result>[-+~?]?)(?P<name>all|include|a|mx|ptr|ip4|ip6|exists)"
    r"(?::(?P<domain>(?:%\{[^}]*+\}|%(?!\{)|[^/%])++))?(?:/(?P<four>0|[1-9]\d?))?(?://(?P<six>0|[1-9]\d{0,2}))?",
    re.IGNORECASE,
)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)", re.DOTALL)
_NETWORK = re.compile(r"(?P<result>[-+~?]?)(?P<name>ip[46]):(?P<domain>[0-9A-Fa-f:./]+)", re.IGNORECASE)

Address = IPv4Address | IPv6Address


class TooMuch(Malformed):
    """A policy asks for more than anybody may ask of a receiver (RFC 7208, 4.6.4)."""


class _Unknown(Exception):
    """An answer is not to be had in time."""


class _Term(NamedTuple):
    result: str
    name: str
    domain: str
    four: int
    six: int


class _Policy(NamedTuple):
    terms: list[_Term]
    redirect: str


def judge(peer: str, sender: str, hello: str, lookup: Lookup) -> Finding:
    """`sender` is the envelope's, "" for the null one: then `hello`, the name the peer gave itself, is asked."""
    domain = (sender.rpartition("@")[2] if sender else hello).lower().rstrip(".")
    if not _is_domain(domain):
        return Finding(METHOD, "none")
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return Finding(METHOD, "none", domain, "the host is not known by an address")
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    check = _Check(address, sender or f"postmaster@{domain}", hello, lookup)
    try:
        return Finding(METHOD, check.of(domain) or "none", domain)
    except _Unknown:
        return Finding(METHOD, "temperror", domain, "something could not be looked up")
    except Malformed as error:
        return Finding(METHOD, "permerror", domain, str(error))


class _Check:
    """One `check_host`, with what it may still ask."""

    def __init__(self, address: Address, sender: str, hello: str, lookup: Lookup) -> None:
        self._address = address
        self._sender = sender
        self._hello = hello
        self._lookup = lookup
        self._asked = 0
        self._void = 0

    def of(self, domain: str) -> str | None:
        """The result for a domain, `None` for one without a policy."""
        found = [text for text in texts(self._records(domain, "TXT", void=False)) if _RECORD.match(text)]
        if not found:
            return None
        if len(found) > 1:
            raise Malformed("there are two policies")
        policy = _read(found[0])
        for term in policy.terms:
            if self._matches(term, domain):
                return term.result
        if not policy.redirect:
            return "neutral"
        self._count()
        result = self.of(self._expanded(policy.redirect, domain))
        if result is None:
            raise Malformed("redirects to a domain without a policy")
        return result

    def _matches(self, term: _Term, domain: str) -> bool:
        if term.name == "all":
            return True
        if term.name in {"ip4", "ip6"}:
            return self._is_in(term.domain, term)
        self._count()
        target = self._expanded(term.domain, domain) if term.domain else domain
        if not _is_domain(target):
            return False
        match term.name:
            case "include":
                result = self.of(target)
                if result is None:
                    raise Malformed("includes a domain without a policy")
                return result == "pass"
            case "exists":
                return bool(self._records(target, "A"))
            case "ptr":
                return any(name == target or name.endswith(f".{target}") for name in self._names_of_peer())
            case "mx":
                return any(
                    self._is_in(each, term) for name in self._exchanges(target) for each in self._addresses(name)
                )
            case _:
                return any(self._is_in(each, term) for each in self._addresses(target))

    def _is_in(self, text: str, term: _Term) -> bool:
        try:
            address = ip_address(text)
        except ValueError as error:
            raise Malformed("no address") from error
        bits = term.four if address.version == 4 else term.six
        return self._address.version == address.version and self._address in ip_network(
            f"{address}/{bits}", strict=False
        )

    def _addresses(self, name: str) -> Iterator[str]:
        kind: Kind = "A" if self._address.version == 4 else "AAAA"
        return (each for each in self._records(name, kind) if isinstance(each, str))

    def _exchanges(self, domain: str) -> list[str]:
        found = [each[1] for each in self._records(domain, "MX") if isinstance(each, tuple)]
        if len(found) > _MOST_NAMES:
            raise TooMuch(f"more than {_MOST_NAMES} MX")
        return found

    def _names_of_peer(self) -> list[str]:
        """Names of the host that lead back to it (RFC 7208, 5.5)."""
        try:
            names = [each for each in self._records(self._address.reverse_pointer, "PTR") if isinstance(each, str)]
        except _Unknown:
            return []
        found = []
        for name in names[:_MOST_NAMES]:
            try:
                if str(self._address) in {str(ip_address(each)) for each in self._addresses(name)}:
                    found.append(name.lower().rstrip("."))
            except (_Unknown, ValueError):
                continue
        return found

    def _expanded(self, text: str, domain: str) -> str:
        macros = Macros(sender=self._sender, domain=domain, hello=self._hello, address=self._address)
        name = expanded(text, macros).rstrip(".").lower()
        while len(name) > _LONGEST and "." in name:
            name = name.partition(".")[2]
        return name

    def _records(self, name: str, kind: Kind, *, void: bool = True) -> tuple[Record, ...]:
        if not _is_domain(name, alone=True):
            return ()
        answer = self._lookup(question(name, kind))
        if answer is None:
            raise _Unknown
        if void and not answer:
            self._void += 1
            if self._void > _MOST_VOID:
                raise TooMuch(f"more than {_MOST_VOID} names that there are not")
        return answer

    def _count(self) -> None:
        self._asked += 1
        if self._asked > _MOST_LOOKUPS:
            raise TooMuch(f"more than {_MOST_LOOKUPS} terms that ask the DNS")


def _read(text: str) -> _Policy:
    """The whole policy, before anything of it is used: one mistake anywhere is a mistake (RFC 7208, 4.6)."""
    terms: list[_Term] = []
    redirects: list[str] = []
    explanations = 0
    parts = text.split()
    if len(parts) > _MOST_TERMS:
        raise TooMuch("too long")
    for part in parts[1:]:
        modifier = _MODIFIER.fullmatch(part)
        if modifier is None:
            terms.append(_term(part))
        elif modifier[1].lower() == "redirect":
            redirects.append(modifier[2])
        elif modifier[1].lower() == "exp":
            explanations += 1
    if len(redirects) > 1 or "" in redirects or explanations > 1:
        raise Malformed("redirect or exp is wrong")
    ends = any(term.name == "all" for term in terms)
    return _Policy(terms, "" if ends or not redirects else redirects[0])


def _term(part: str) -> _Term:
    network = _NETWORK.fullmatch(part)
    if network is not None:
        return _network(network)
    found = _TERM.fullmatch(part)
    if found is None:
        raise Malformed("a term is wrong")
    name, domain = found["name"].lower(), found["domain"] or ""
    four, six = int(found["four"] or 32), int(found["six"] or 128)
    needs_domain = name in {"include", "exists"}
    ranged = found["four"] is not None or found["six"] is not None
    if (
        (needs_domain and not domain)
        or (name == "all" and domain)
        or (ranged and name not in {"a", "mx"})
        or name in {"ip4", "ip6"}
        or four > 32
        or six > 128
    ):
        raise Malformed(f"{name} is wrong")
    return _Term(_RESULTS[found["result"] or "+"], name, domain, four, six)


def _network(found: re.Match[str]) -> _Term:
    text, slash, bits = found["domain"].partition("/")
    version = 4 if found["name"].lower() == "ip4" else 6
    most = 32 if version == 4 else 128
    try:
        address = ip_address(text)
    except ValueError as error:
        raise Malformed("no address") from error
    if address.version != version or (
        slash and not (bits.isdigit() and (bits == "0" or bits[0] != "0") and int(bits) <= most)
    ):
        raise Malformed("no network")
    width = int(bits) if slash else most
    return _Term(_RESULTS[found["result"] or "+"], found["name"].lower(), str(address), width, width)


def _is_domain(name: str, *, alone: bool = False) -> bool:
    """Whether it can be looked up; a name of one label is no mail domain, but may be asked for (`alone`)."""
    labels = name.split(".")
    return (
        name.isascii()
        and name.isprintable()
        and " " not in name
        and len(name) <= _LONGEST
        and (alone or len(labels) > 1)
        and all(0 < len(label) < 64 for label in labels)
    )


def first_question(sender: str, hello: str) -> tuple[str, ...]:
    """The domain that is asked first, if there is one."""
    domain = (sender.rpartition("@")[2] if sender else hello).lower().rstrip(".")
    return (domain,) if _is_domain(domain) else ()
