"""The secrets that sign our thread tokens: the first one signs, each one is believed.

A token lives as long as somebody keeps our mail, so a secret that is replaced stays in the list
behind the new one until nobody answers mail from its time any more.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence

Sign = Callable[[bytes], bytes]
"""HMAC under the key for e-mail threads."""

_PURPOSE = b"email thread\0"


class Keyring:
    """A `Sign` that knows its former selves."""

    __slots__ = ("_signs",)

    def __init__(self, first: Sign, *others: Sign) -> None:
        self._signs = (first, *others)

    def __call__(self, data: bytes) -> bytes:
        return self._signs[0](data)

    def every(self, data: bytes) -> Iterator[bytes]:
        """What each of them makes of `data`, the one that signs today first."""
        return (sign(data) for sign in self._signs)


def keyring(secrets: Sequence[str], own: Sign) -> Keyring:
    """`secrets` of the operator, newest first; `own`, from the deployment secret, signs when there are none
    and is believed when there are.
    """
    return Keyring(*(_signing(secret) for secret in secrets), own)


def signatures(sign: Sign, data: bytes) -> Iterator[bytes]:
    """All that may stand under `data`."""
    return sign.every(data) if isinstance(sign, Keyring) else iter((sign(data),))


def _signing(secret: str) -> Sign:
    def sign(data: bytes) -> bytes:
        return hmac.digest(secret.encode(), _PURPOSE + data, hashlib.sha256)

    return sign
