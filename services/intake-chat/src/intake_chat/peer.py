"""Where a request comes from, behind proxies of ours or not. Pure."""

from collections.abc import Sequence
from urllib.parse import urlsplit


def address_of(peer: str, forwarded: str, trusted: Sequence[str]) -> str:
    """The last address that our own proxies did not write themselves: what stands before it in
    X-Forwarded-For is the client's own invention.
    """
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    while peer in trusted and hops:
        peer = hops.pop()
    return peer


def page_of(url: str | None) -> str:
    """The page that a visitor is on, without its query and fragment: people's secrets stand there."""
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}{parts.path}"[:500] if parts.scheme in {"http", "https"} else ""
