"""One signature over a mail, DKIM's (RFC 6376) or ARC's (RFC 8617): what it says, and whether it is right.

Pure. Of our own on `cryptography`: the library that there is takes quadratic time for long runs of
blanks, and everybody may send those.
"""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from intake_email.authenticity.canonical import BodyHash, Field, canonical_field, chosen
from intake_email.authenticity.lookup import Answer, Question, question, texts
from intake_email.authenticity.tags import Malformed, octets, tags, without_signature, without_space

_DOMAIN = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))+\.?")
_PIECE = 1 << 16
_LEAST_BITS = 1024
_MOST_BITS = 8192
_ALGORITHMS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}


class Judged(NamedTuple):
    """`result` as in `verdict.Finding`, and why when it did not pass."""

    result: str
    why: str = ""


class Hashes(Protocol):
    """The hashes of one body."""

    def of(self, *, relaxed: bool) -> tuple[bytes, int]:
        """SHA-256 and length of the canonical form."""
        ...


class Bodies:
    """`Hashes` of a mail that is there whole, each made once."""

    def __init__(self, raw: bytes, start: int) -> None:
        self._raw = raw
        self._start = start
        self._made: dict[bool, tuple[bytes, int]] = {}

    def of(self, *, relaxed: bool) -> tuple[bytes, int]:
        if relaxed not in self._made:
            found = BodyHash(relaxed=relaxed)
            # In pieces, so that a thread that does this lets others have their turn in between.
            for at in range(self._start, len(self._raw), _PIECE):
                found.feed(self._raw[at : at + _PIECE])
            self._made[relaxed] = (found.digest(), found.length)
        return self._made[relaxed]


class Signature:
    """What a signature's field says. `Malformed` for one that can't be read."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self._tags = tags(field.value.decode("ascii", "replace"))
        self.domain = self._needed("d").lower().rstrip(".")
        self.selector = self._needed("s").lower()
        self.algorithm = self._needed("a").lower()
        if not _DOMAIN.fullmatch(f"{self.selector}._domainkey.{self.domain}"):
            raise Malformed("no domain name")

    def get(self, name: str) -> str:
        return self._tags.get(name, "")

    def number(self, name: str) -> int | None:
        value = self.get(name)
        if not value:
            return None
        if not (value.isascii() and value.isdigit() and len(value) <= 12):
            raise Malformed(f"{name} is no number")
        return int(value)

    @property
    def names(self) -> list[bytes]:
        return [name.strip().lower().encode() for name in self._needed("h").split(":")]

    @property
    def relaxed(self) -> tuple[bool, bool]:
        """Of the header and of the body (RFC 6376, 3.5: the tag `c`)."""
        head, _, body = (without_space(self.get("c")) or "simple/simple").partition("/")
        if not {head, body or "simple"} <= {"simple", "relaxed"}:
            raise Malformed("c is neither simple nor relaxed")
        return head == "relaxed", body == "relaxed"

    @property
    def key(self) -> Question:
        """Where the public key stands."""
        return question(f"{self.selector}._domainkey.{self.domain}")

    def _needed(self, name: str) -> str:
        value = self._tags.get(name, "")
        if not value:
            raise Malformed(f"{name} is missing")
        return without_space(value) if name != "h" else value


def judge_message(signature: Signature, fields: Sequence[Field], bodies: Hashes, key: Answer) -> Judged:
    """Whether a signature over the header and the body is right. Raises `Malformed`."""
    relaxed_head, relaxed_body = signature.relaxed
    digest, length = bodies.of(relaxed=relaxed_body)
    limit = signature.number("l")
    if limit is not None and limit != length:
        # What follows may be anybody's.
        return (
            Judged("neutral", "covers a part of the body only")
            if limit < length
            else Judged("permerror", "l is too large")
        )
    if digest != octets(signature.get("bh")):
        return Judged("fail", "the body has changed")
    covered = [canonical_field(field, relaxed=relaxed_head) for field in chosen(fields, signature.names)]
    own = _unsigned(signature.field, relaxed=relaxed_head)
    return judge_octets(signature, b"\r\n".join([*covered, own]), key)


def judge_octets(signature: Signature, data: bytes, key: Answer) -> Judged:
    """Whether a signature over `data` is right. Raises `Malformed`."""
    wanted = _ALGORITHMS.get(signature.algorithm)
    if wanted is None:
        return Judged("permerror", f"algorithm {signature.algorithm[:20]} is none that is used (RFC 8301)")
    if key is None:
        return Judged("temperror", "the key can't be looked up")
    records = texts(key)
    if not records:
        return Judged("permerror", "there is no key")
    given = octets(signature.get("b"))
    judged = Judged("permerror", "there is no key")
    for record in records[:4]:
        judged = _by_key(record, wanted, given, data)
        if judged.result == "pass":
            break
    return judged


def _by_key(record: str, wanted: str, given: bytes, data: bytes) -> Judged:
    try:
        key = tags(record)
        if key.get("v", "DKIM1") != "DKIM1" or key.get("k", "rsa").lower() != wanted:
            return Judged("permerror", "the key is of another kind")
        if not {"*", "email"} & set(without_space(key.get("s", "*")).split(":")):
            return Judged("permerror", "the key is not for mail")
        if not key.get("p"):
            return Judged("permerror", "the key was withdrawn")
        public = octets(key["p"])
        return Judged("pass") if _right(wanted, public, given, data) else Judged("fail", "the signature is wrong")
    except (Malformed, ValueError, UnsupportedAlgorithm) as error:
        return Judged("permerror", f"the key can't be read: {error}"[:100])


def _right(kind: str, public: bytes, given: bytes, data: bytes) -> bool:
    digest = sha256(data).digest()
    try:
        if kind == "ed25519":
            Ed25519PublicKey.from_public_bytes(public).verify(given, digest)
        else:
            key = load_der_public_key(public)
            if not isinstance(key, RSAPublicKey):
                raise Malformed("no RSA key")
            if not _LEAST_BITS <= key.key_size <= _MOST_BITS:
                raise Malformed(f"{key.key_size} bits")
            key.verify(given, digest, PKCS1v15(), Prehashed(SHA256()))
    except InvalidSignature:
        return False
    return True


def _unsigned(field: Field, *, relaxed: bool) -> bytes:
    """The signature's own field as it was signed."""
    name = field.raw.partition(b":")[0]
    return canonical_field(Field(field.name, name + b":" + without_signature(field.value)), relaxed=relaxed)


def unsigned_relaxed(field: Field) -> bytes:
    return _unsigned(field, relaxed=True)
