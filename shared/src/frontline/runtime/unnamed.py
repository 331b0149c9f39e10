"""What a far end says of a failure, without whom it is about: servers like to repeat addresses and numbers. Pure."""

import re
from collections.abc import Iterable

_ADDRESS = re.compile(r"[^\s<>()\[\]{}:;,\"'|]+@[^\s<>()\[\]{}:;,\"'|]+")
_NUMBER = re.compile(r"\+\d[\d ()/.-]{5,}\d")
LEFT_OUT = "…"


def without_addresses(text: str, addresses: Iterable[str]) -> str:
    """`text` with `addresses`, and all that looks like an address or a number with its country, left out."""
    for address in sorted(filter(None, addresses), key=len, reverse=True):
        text = re.sub(re.escape(address), LEFT_OUT, text, flags=re.IGNORECASE)
    return _NUMBER.sub(LEFT_OUT, _ADDRESS.sub(LEFT_OUT, text))
