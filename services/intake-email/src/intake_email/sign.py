"""DKIM signatures on our mail (RFC 6376, 8463), by every key of the sender's domain.

A signature stands before the mail and speaks of all of it, so files are read twice: once for the
hash, once to be sent. The same mail has the same signature: its time is when the mail was written.
"""

import re
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from frontline.contract.channel import Log, Meter
from frontline.contract.error import Mistake, SettingsError
from intake_email.authenticity.canonical import BodyHash, Field, canonical_field, chosen, split_mail
from intake_email.render import Rendered

_FILE = re.compile(r"([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)\._domainkey\.([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)\.pem")
_LEAST_BITS = 1024
_SIGNED = (b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to", b"references",
           b"mime-version", b"content-type", b"content-transfer-encoding", b"auto-submitted", b"list-unsubscribe",
           b"list-unsubscribe-post")  # fmt: skip
_ONCE = (b"from", b"subject", b"reply-to", b"to", b"cc", b"date")
"""Named once more than they stand there, so that nobody can add another one (RFC 6376, 8.15)."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and the record `<selector>._domainkey.<domain>` that has its public half."""

    domain: str
    selector: str
    key: RSAPrivateKey | Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"SigningKey({self.selector}._domainkey.{self.domain})"

    @property
    def algorithm(self) -> str:
        return "rsa-sha256" if isinstance(self.key, RSAPrivateKey) else "ed25519-sha256"

    def sign(self, data: bytes) -> bytes:
        digest = sha256(data).digest()
        if isinstance(self.key, RSAPrivateKey):
            return self.key.sign(digest, PKCS1v15(), Prehashed(SHA256()))
        return self.key.sign(digest)


def load_keys(folder: Path) -> tuple[SigningKey, ...]:
    """The keys in `folder`, in the order of their names. Raises `SettingsError` with every mistake."""
    keys, mistakes = [], []
    for path in sorted(folder.glob("*.pem")):
        found = _FILE.fullmatch(path.name)
        if found is None:
            mistakes.append(Mistake(str(path), "must be named <selector>._domainkey.<domain>.pem"))
            continue
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            mistakes.append(Mistake(str(path), f"is no private key that can be read: {type(error).__name__}"))
            continue
        if isinstance(key, RSAPrivateKey) and key.key_size < _LEAST_BITS:
            mistakes.append(Mistake(str(path), f"has {key.key_size} bits; {_LEAST_BITS} are the least (RFC 8301)"))
        elif isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
            keys.append(SigningKey(domain=found[2].lower(), selector=found[1].lower(), key=key))
        else:
            mistakes.append(Mistake(str(path), "must be an RSA or an Ed25519 key"))
    if mistakes:
        raise SettingsError(mistakes)
    return tuple(keys)


class SigningKeys:
    """The keys of a folder, read again when it changes. A change that can't be read leaves the former keys."""

    def __init__(self, folder: Path | None, log: Log, meter: Meter) -> None:
        self._folder = folder
        self._log = log
        self._meter = meter
        self._seen: object = None
        self._keys: tuple[SigningKey, ...] = ()
        if folder is not None:
            self._seen, self._keys = _look(folder), load_keys(folder)

    def of(self, sender: str) -> tuple[SigningKey, ...]:
        """The keys that may sign for an address: of its domain, or of one above it."""
        self._refresh()
        domain = sender.rpartition("@")[2].lower()
        return tuple(key for key in self._keys if f".{domain}".endswith(f".{key.domain}"))

    def _refresh(self) -> None:
        if self._folder is None:
            return
        try:
            seen = _look(self._folder)
            if seen == self._seen:
                return
            self._keys = load_keys(self._folder)
            self._seen = seen
        except (OSError, SettingsError):
            self._meter.count("dkim_keys_unreadable")
            self._log.error("dkim.keys_unreadable")
        else:
            self._log.info("dkim.keys", keys=[f"{key.selector}._domainkey.{key.domain}" for key in self._keys])


def _look(folder: Path) -> object:
    return [(path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.glob("*.pem"))]


async def signed(
    mail: Rendered, whole: Callable[[], AsyncIterator[bytes]], keys: Sequence[SigningKey], at: datetime
) -> Rendered:
    """`mail` with a signature by each key before it; `whole` gives its octets."""
    if not keys:
        return mail
    assert isinstance(mail.pieces[0], bytes)
    fields, body = split_mail(mail.pieces[0])
    found = BodyHash(relaxed=True)
    skip = body
    async for chunk in whole():
        found.feed(chunk[skip:])
        skip = max(0, skip - len(chunk))
    digest = found.digest()
    head = b"".join(signature(fields, digest, key, at) for key in keys)
    return msgspec.structs.replace(mail, pieces=(head + mail.pieces[0], *mail.pieces[1:]))


def signature(fields: Sequence[Field], body_hash: bytes, key: SigningKey, at: datetime) -> bytes:
    """The field `DKIM-Signature`, relaxed in header and body."""
    present = [field.name for field in fields if field.name in _SIGNED]
    names = [name for name in _SIGNED for each in present if each == name]
    names += _ONCE
    lines = [
        f"v=1; a={key.algorithm}; c=relaxed/relaxed;",
        f"d={key.domain}; s={key.selector}; t={int(at.timestamp())};",
        *_folded("h=", [name.decode() for name in names], ":"),
        f"bh={b64encode(body_hash).decode()};",
        "b=",
    ]
    empty = b"DKIM-Signature: " + "\r\n\t".join(lines).encode()
    covered = [canonical_field(field, relaxed=True) for field in chosen(fields, names)]
    own = canonical_field(Field(b"dkim-signature", empty), relaxed=True)
    text = b64encode(key.sign(b"\r\n".join([*covered, own]))).decode()
    return empty + "\r\n\t ".join(text[at : at + 70] for at in range(0, len(text), 70)).encode() + b"\r\n"


def _folded(head: str, names: list[str], between: str) -> list[str]:
    """`names` in lines of at most 70 letters, a semicolon behind the last."""
    lines = [head]
    for number, name in enumerate(names):
        piece = name + (between if number < len(names) - 1 else ";")
        if len(lines[-1]) + len(piece) > 70:
            lines.append("")
        lines[-1] += piece
    return lines
