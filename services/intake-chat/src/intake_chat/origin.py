"""Which pages may speak for their visitors. Pure.

Only browsers tell the truth about Origin (RFC 6454), and only their users are protected by the
list; a program that says nothing is let in and is under every other limit.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

_LOCAL = {"localhost", "127.0.0.1", "::1"}


def is_allowed(origin: str | None, host: str, listed: Sequence[str], *, development: bool) -> bool:
    """Whether a page of `origin` may use us, who are called `host` (with port) in this request."""
    if origin is None:
        return True
    found = urlsplit(origin)
    if found.scheme not in {"http", "https"} or not found.netloc:
        return "*" in listed and not origin.startswith("null")
    if found.netloc.lower() == host.lower():
        return True
    if development and found.hostname in _LOCAL:
        return True
    return any(_matches(origin.lower(), entry.lower()) for entry in listed)


def _matches(origin: str, entry: str) -> bool:
    if entry in {"*", origin}:
        return True
    scheme, star, domain = entry.partition("://*.")
    return bool(star) and origin.startswith(f"{scheme}://") and origin.endswith(f".{domain}")
