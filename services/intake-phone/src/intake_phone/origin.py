"""How Twilio called us: the URL that it signed. Pure."""

from collections.abc import Collection, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address

Networks = Collection[IPv4Network | IPv6Network]


def base_url(public: str, scheme: str, headers: Mapping[str, str], peer: str, proxies: Networks) -> str:
    """Scheme and authority, and the path that `public` begins with. Without `public` it is what the request
    says, and what a proxy of ours says of it: of anybody else X-Forwarded-* would only be a claim.
    """
    if public:
        return public.rstrip("/")
    host = headers.get("Host", "")
    if proxies and is_within(peer, proxies):
        scheme = _first(headers.get("X-Forwarded-Proto", "")) or scheme
        host = _first(headers.get("X-Forwarded-Host", "")) or host
        port = _first(headers.get("X-Forwarded-Port", ""))
        if port.isascii() and port.isdigit() and not host.rpartition("]")[2].count(":"):
            host = f"{host}:{port}"
    return f"{scheme}://{host}"


def is_within(peer: str, networks: Networks) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    return any(address in network for network in networks)


def _first(text: str) -> str:
    """What the proxy nearest to the client wrote."""
    return text.partition(",")[0].strip()
