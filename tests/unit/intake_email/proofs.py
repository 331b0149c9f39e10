"""Domains with keys, and mails that another implementation signed and sealed with them."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import dkim
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from intake_email.authenticity.lookup import Answer, Question, question

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()
RSA_PEM = RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
ED_SEED = base64.b64encode(ED_KEY.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
RSA_PUBLIC = base64.b64encode(RSA_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
ED_PUBLIC = base64.b64encode(ED_KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

ZONE: dict[Question, Answer] = {
    question("r._domainkey.customer.example"): (b"v=DKIM1; k=rsa; p=" + RSA_PUBLIC,),
    question("e._domainkey.customer.example"): (b"v=DKIM1; k=ed25519; p=" + ED_PUBLIC,),
    question("r._domainkey.list.example"): (b"v=DKIM1; k=rsa; p=" + RSA_PUBLIC,),
    question("_dmarc.customer.example"): (b"v=DMARC1; p=reject",),
    question("customer.example"): (b"v=spf1 ip4:192.0.2.0/24 include:relay.example -all",),
    question("relay.example"): (b"v=spf1 a:out.relay.example ?all",),
    question("out.relay.example", "A"): ("198.51.100.7",),
}

MAIL = (
    b"Received: from x by y; Mon, 04 May 2026 12:00:00 +0000\r\n"
    b"From: Customer One <one@customer.example>\r\n"
    b"To: support@frontline.example\r\n"
    b"Subject:  It does\r\n\tnot  work\r\n"
    b"Date: Mon, 04 May 2026 13:59:00 +0200\r\n"
    b"Message-ID: <first@customer.example>\r\n"
    b"\r\n"
    b"It  does not\twork. \r\n\r\n.\r\nBye \r\n\r\n\r\n"
)


def looking(zone: Mapping[Question, Answer] = ZONE) -> Any:
    """A lookup in `zone`; what is not there does not exist."""
    return lambda asked: zone.get(asked, ())


def dkim_signed(raw: bytes = MAIL, *, key: str = "r", domain: str = "customer.example", **options: Any) -> bytes:
    """`raw` with a signature of dkimpy's before it."""
    given: dict[str, Any] = {"canonicalize": (b"relaxed", b"relaxed"), **options}
    if key == "e":
        given["signature_algorithm"] = b"ed25519-sha256"
    head = dkim.sign(raw, key.encode(), domain.encode(), RSA_PEM if key == "r" else ED_SEED, **given)
    return bytes(head) + raw


def arc_sealed(raw: bytes, *, results: bytes, domain: bytes = b"list.example") -> bytes:
    """`raw` with one more seal of dkimpy's; it holds `results` for its own."""
    raw = b"Authentication-Results: " + domain + b"; " + results + b"\r\n" + raw
    return b"".join(dkim.arc_sign(raw, b"r", domain, RSA_PEM, domain)) + raw
