"""Whether a webhook was signed by our Twilio account: pure.

Twilio's scheme (https://www.twilio.com/docs/usage/security, "Validating signatures"): base64 of an
HMAC under the auth token over the URL as called, followed for a form by each parameter's name and
value, sorted, repeated ones once. A JSON body is named by its SHA-256 in the URL's `bodySHA256`.
The checks agree with `twilio.request_validator`, at a tenth of its cost.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from urllib.parse import parse_qsl

HEADER = "X-Twilio-Signature"
SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"
_ALGORITHMS = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
_AUTHORITY = re.compile(r"(https?)://([^/?#]*?)(?::(\d*))?(?=[/?#]|\Z)", re.IGNORECASE)
_DEFAULT_PORTS = {"https": "443", "http": "80"}

Pair = tuple[str, str]


def algorithm(settings: str) -> str | None:
    """The digest that the settings header names; SHA-1 without one, `None` for one that is not known."""
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return _ALGORITHMS.get(value.strip().upper())
    return "sha1"


def is_signed(
    url: str, form: Iterable[Pair], signature: str, tokens: Sequence[str], *, digest: str | None = "sha1"
) -> bool:
    """Whether one of `tokens` gives `signature` for the URL, with or without its port: Twilio does either."""
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return False
    if digest is None or not given:
        return False
    tail = "".join([name + value for name, value in sorted(set(form))])
    found = False
    for candidate in spellings(url):
        data = (candidate + tail).encode("utf-8", "surrogatepass")
        for token in tokens:
            # No early end: how long it takes says nothing about which token it was.
            found |= hmac.compare_digest(hmac.digest(token.encode(), data, digest), given)
    return found


def is_body_named(url: str, body: bytes) -> bool:
    """Whether `bodySHA256` in the (signed) URL is the digest of a body that is no form."""
    query = url.partition("#")[0].partition("?")[2]
    named = [value for name, value in parse_qsl(query, keep_blank_values=True) if name == "bodySHA256"]
    return len(named) == 1 and hmac.compare_digest(named[0].lower().encode(), sha256(body).hexdigest().encode())


def spellings(url: str) -> tuple[str, ...]:
    """The URL without its port, and with it; the standard one where none is written."""
    match = _AUTHORITY.match(url)
    if match is None:
        return (url,)
    scheme, host, port = match.groups()
    rest = url[match.end() :]
    port = port or _DEFAULT_PORTS[scheme.lower()]
    return (f"{scheme}://{host}{rest}", f"{scheme}://{host}:{port}{rest}")
