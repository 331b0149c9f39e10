"""DKIM signatures and ARC seals of another implementation, right and wrong."""

import base64
import re
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from intake_email.authenticity import arc, dkim
from intake_email.authenticity.canonical import split_mail
from intake_email.authenticity.lookup import question
from intake_email.authenticity.signature import Bodies
from intake_email.authenticity.verdict import Finding
from tests.unit.intake_email.proofs import MAIL, NOW, RSA_KEY, ZONE, arc_sealed, dkim_signed, looking

KEY = question("r._domainkey.customer.example")


def judged(raw: bytes, lookup: Any = None, now: Any = NOW) -> list[Finding]:
    fields, body = split_mail(raw)
    return dkim.judge(dkim.read(fields), fields, Bodies(raw, body), lookup or looking(), now)


def results(raw: bytes, **more: Any) -> list[str]:
    return [finding.result for finding in judged(raw, **more)]


def chain(raw: bytes, lookup: Any = None) -> Finding | None:
    fields, body = split_mail(raw)
    return arc.judge(arc.read(fields), fields, Bodies(raw, body), lookup or looking())


@pytest.mark.parametrize("key", ["r", "e"])
@pytest.mark.parametrize("head", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
def test_a_signature_of_another_implementation_is_right(key: str, head: bytes, body: bytes) -> None:
    raw = dkim_signed(key=key, canonicalize=(head, body))
    assert judged(raw) == [Finding("dkim", "pass", "customer.example")]
    assert results(raw.replace(b"Bye", b"bye")) == ["fail"]
    assert results(raw.replace(b"one@customer", b"two@customer")) == ["fail"]


def test_what_relays_do_to_white_space_breaks_a_simple_signature_only() -> None:
    for way, wanted in ((b"relaxed", "pass"), (b"simple", "fail")):
        raw = dkim_signed(canonicalize=(way, way))
        assert results(raw.replace(b"It  does", b"It does").replace(b"\r\n\tnot", b"\r\n not")) == [wanted]


def test_two_signatures_are_two_findings_and_the_one_that_passes_stands_first() -> None:
    raw = dkim_signed(dkim_signed(key="e"), key="r")
    assert results(raw) == ["pass", "pass"]
    broken = raw.replace(b"s=e;", b"s=f;")
    assert results(broken) == ["pass", "permerror"]


def test_a_mail_without_a_signature_has_none() -> None:
    assert judged(MAIL) == [Finding("dkim", "none")]


@pytest.mark.parametrize(
    "record,wanted",
    [
        (b"v=DKIM1; p=", "permerror"),
        (b"v=DKIM2; p=AAAA", "permerror"),
        (b"p=not base64!", "permerror"),
        (b"p=AAAA", "permerror"),
        (b"k=ed25519; p=AAAA", "permerror"),
        (b"s=tlsrpt; p=AAAA", "permerror"),
        (b"\xff\xfe", "permerror"),
        (b"", "permerror"),
    ],
)
def test_a_key_that_is_none_is_the_domains_mistake(record: bytes, wanted: str) -> None:
    assert results(dkim_signed(), lookup=looking({KEY: (record,)})) == [wanted]


@pytest.mark.parametrize(
    "modulus,wanted,why",
    [
        (RSA_KEY.public_key().public_numbers().n + 2, "fail", "the signature is wrong"),
        ((1 << 511) + 111, "permerror", "the key can't be read: 512 bits"),
    ],
    ids=["somebody else's", "short"],  # a key of its own in each process is no name
)
def test_the_key_of_somebody_else_is_wrong_and_a_short_one_is_not_used(modulus: int, wanted: str, why: str) -> None:
    key = rsa.RSAPublicNumbers(65537, modulus).public_key()
    public = base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    (found,) = judged(dkim_signed(), lookup=looking({KEY: (b"p=" + public,)}))
    assert (found.result, found.why) == (wanted, why)


def test_of_several_records_the_right_one_counts() -> None:
    assert results(dkim_signed(), lookup=looking({KEY: (b"p=AAAA", *(ZONE[KEY] or ()))})) == ["pass"]


def test_a_key_that_can_not_be_looked_up_may_be_right_later() -> None:
    assert results(dkim_signed(), lookup=lambda _: None) == ["temperror"]


def test_a_signature_that_has_expired_is_wrong() -> None:
    raw = dkim_signed()
    expiring = re.sub(rb"(i=@customer.example;)", rb"\1 x=%d;" % int(NOW.timestamp()), raw, count=1)
    assert expiring != raw
    assert judged(expiring, now=NOW + timedelta(seconds=1))[0].why == "the signature has expired"


def test_what_is_added_behind_a_signed_length_is_not_vouched_for() -> None:
    raw = dkim_signed(length=True)
    assert results(raw) == ["pass"]
    assert results(raw + b"Buy this.\r\n") == ["neutral"]


@pytest.mark.parametrize(
    "before,after",
    [
        (b"v=1;", b"v=2;"),
        (b"v=1;", b""),
        (b"d=customer.example;", b""),
        (b"d=customer.example;", b"d=;"),
        (b"d=customer.example;", b"d=a b;"),
        (b"d=customer.example;", b"d=" + b"x" * 300 + b".example;"),
        (b"s=r;", b"s=r; s=r;"),
        (b"s=r;", b"s=../../x;"),
        (b"a=rsa-sha256", b"a=rsa-sha1"),
        (b"a=rsa-sha256", b"a=ed25519-sha256"),
        (b"c=relaxed", b"c=loose"),
        (b"i=@customer.example", b"i=@other.example"),
        (b"h=", b"h=x;y="),
        (b"bh=", b"bh=!"),
        (b" b=", b" b=!"),
        (b"v=1;", b"v=1; l=-1;"),
        (b"v=1;", b"v=1; l=99999;"),
        (b"v=1;", b"v=1; x=never;"),
        (b"v=1;", b"v=1; ;; =;"),
    ],
)
def test_a_signature_that_says_nonsense_is_the_signers_mistake(before: bytes, after: bytes) -> None:
    raw = dkim_signed()
    changed = raw.replace(before, after, 1)
    assert changed != raw
    assert results(changed) == ["permerror"]


def test_thousands_of_signatures_are_not_looked_at() -> None:
    raw = b"DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=s; h=from; bh=; b=\r\n" * 3000 + MAIL
    assert len(judged(raw)) == dkim.MOST


@given(st.binary(max_size=120))
def test_no_octets_pass_or_fail_to_be_judged(junk: bytes) -> None:
    raw = b"DKIM-Signature: v=1; " + junk.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n" + MAIL
    assert all(result != "pass" for result in results(raw))
    sealed = b"ARC-Seal: i=1; " + junk.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n" + MAIL
    found = chain(sealed)
    assert found is not None
    assert found.result == "fail"


def test_a_chain_of_seals_is_whole_as_long_as_nobody_touches_it() -> None:
    raw = dkim_signed()
    assert chain(raw) is None
    once = arc_sealed(raw, results=b"dkim=pass header.d=customer.example")
    assert chain(once) == Finding("arc", "pass", "list.example")
    twice = arc_sealed(once, results=b"arc=pass")
    assert chain(twice) == Finding("arc", "pass", "list.example")
    for before, after in (
        (b"\nBye", b"\nbye"),
        (b"dkim=pass", b"dkim=fail"),
        (b"cv=none", b"cv=pass"),
        (b"i=1;", b"i=3;"),
    ):
        assert before in twice
        found = chain(twice.replace(before, after, 1))
        assert found is not None
        assert found.result == "fail"
    found = chain(once, lookup=lambda _: None)
    assert found is not None
    assert found.result == "temperror"
