"""All DKIM signatures of a mail (RFC 6376, 6). Pure."""

from collections.abc import Sequence
from datetime import datetime

from intake_email.authenticity.canonical import Field
from intake_email.authenticity.lookup import Lookup, Question
from intake_email.authenticity.signature import Hashes, Judged, Signature, judge_message
from intake_email.authenticity.tags import Malformed
from intake_email.authenticity.verdict import Finding

METHOD = "dkim"
MOST = 5
"""Signatures that are looked at, topmost first; anybody can add thousands."""


def read(fields: Sequence[Field]) -> list[Signature | Malformed]:
    """The signatures, topmost first."""
    found: list[Signature | Malformed] = []
    for field in fields:
        if field.name == b"dkim-signature" and len(found) < MOST:
            try:
                found.append(Signature(field))
            except Malformed as error:
                found.append(error)
    return found


def keys(signatures: Sequence[Signature | Malformed]) -> list[Question]:
    return [each.key for each in signatures if isinstance(each, Signature)]


def judge(
    signatures: Sequence[Signature | Malformed], fields: Sequence[Field], bodies: Hashes, lookup: Lookup, now: datetime
) -> list[Finding]:
    """A finding for each signature, those that pass first; one that says `none` for a mail that has none."""
    found = [_judged(each, fields, bodies, lookup, now) for each in signatures]
    return sorted(found, key=lambda finding: finding.result != "pass") or [Finding(METHOD, "none")]


def _judged(
    signature: Signature | Malformed, fields: Sequence[Field], bodies: Hashes, lookup: Lookup, now: datetime
) -> Finding:
    if isinstance(signature, Malformed):
        return Finding(METHOD, "permerror", why=str(signature))
    try:
        result, why = _checked(signature, now) or judge_message(signature, fields, bodies, lookup(signature.key))
    except Malformed as error:
        result, why = "permerror", str(error)
    return Finding(METHOD, result, signature.domain, why)


def _checked(signature: Signature, now: datetime) -> Judged | None:
    """What is wrong with a signature before anything is looked up."""
    if signature.get("v") != "1":
        return Judged("permerror", "v is not 1")
    if b"from" not in signature.names:
        return Judged("permerror", "From is not signed")
    identity = signature.get("i").rpartition("@")[2].lower()
    if identity and not f".{identity}".endswith(f".{signature.domain}"):
        return Judged("permerror", "i is not of domain d")
    expires = signature.number("x")
    if expires is not None and expires < now.timestamp():
        return Judged("fail", "the signature has expired")
    return None
