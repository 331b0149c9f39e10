"""Our DKIM signatures, judged by another implementation, and the keys that make them."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from frontline.contract.error import SettingsError
from frontline.contract.message import Attachment, ObjectRef, OutboundKind, Recipient
from intake_email.render import Manner, Rendered, render
from intake_email.sign import SigningKey, SigningKeys, load_keys, signed
from tests.chunks import whole
from tests.unit.intake_email.replies import FILE, INBOX, outbound
from tests.unit.intake_email.samples import sign

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
ED_KEY = ed25519.Ed25519PrivateKey.generate()
KEYS = (SigningKey("frontline.example", "2026a", RSA_KEY), SigningKey("frontline.example", "2026b", ED_KEY))
RECORDS = {
    b"2026a._domainkey.frontline.example.": b"v=DKIM1; k=rsa; p="
    + base64.b64encode(RSA_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)),
    b"2026b._domainkey.frontline.example.": b"v=DKIM1; k=ed25519; p="
    + base64.b64encode(ED_KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)),
}


class Quiet:
    """A log and a meter that remember what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def info(self, event: str, **fields: Any) -> None:
        self.said.append(event)

    warning = error = info

    def count(self, name: str, **labels: str) -> None:
        self.said.append(name)

    def level(self, name: str, value: float, **labels: str) -> None:
        self.said.append(name)


def lookup(name: bytes, timeout: int = 5) -> bytes | None:
    return RECORDS.get(name)


def right(raw: bytes, number: int) -> bool:
    """Whether the signature with this number is right, by dkimpy."""
    try:
        found: bool = dkim.DKIM(raw).verify(idx=number, dnsfunc=lookup)
    except dkim.DKIMException:
        return False
    return found


async def pieces(mail: Rendered, size: int = 1000) -> AsyncIterator[bytes]:
    whole = b"".join(
        piece if isinstance(piece, bytes) else base64.encodebytes(FILE).replace(b"\n", b"\r\n") for piece in mail.pieces
    )
    for at in range(0, len(whole), size):
        yield whole[at : at + size]


async def raw(mail: Rendered) -> bytes:
    return await whole(pieces(mail))


def file() -> Attachment:
    ref = ObjectRef(bucket="ATTACHMENTS", name="r1/1", size=len(FILE), sha256="")
    return Attachment(name="Größe.pdf", media_type="application/pdf", content=ref)


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"text": "trailing \n\n\n", "html": "<p>x</p>", "attachments": (file(),)},
        {"text": "x" * 5000, "subject": "Größe " * 40, "kind": OutboundKind.SURVEY},
        {"to": tuple(Recipient(address=f"{n}@customer.example", name=f"No. {n}, Ö", role="cc") for n in range(30))},
        {"text": ""},
    ],
)
async def test_another_implementation_finds_each_signature_right(parts: dict[str, Any], size: int) -> None:
    mail = render(outbound(**parts), INBOX, sign, manner=Manner(reply_tokens=True))
    done = await raw(await signed(mail, lambda: pieces(mail, size), KEYS, outbound().written))
    assert done.endswith(await raw(mail))
    assert right(done, 0)
    assert right(done, 1)
    assert max(map(len, done.split(b"\r\n"))) <= 200


@pytest.mark.parametrize(
    "before,after",
    [
        (b"Please try again.", b"Please pay again."),
        (b"Subject: Re: It does", b"Subject: Re: It never does"),
        (b"From: ", b"From: evil@x.example\r\nFrom: "),
        (b"MIME-Version", b"Reply-To: evil@x.example\r\nMIME-Version"),
    ],
)
async def test_what_is_changed_or_added_on_the_way_breaks_it(before: bytes, after: bytes) -> None:
    mail = render(outbound(), INBOX, sign)
    done = await raw(await signed(mail, lambda: pieces(mail), KEYS, outbound().written))
    changed = done.replace(before, after)
    assert changed != done
    assert not right(changed, 0)
    assert not right(changed, 1)


async def test_a_repeat_has_the_same_signatures() -> None:
    """Hard case 30."""
    mail = render(outbound(), INBOX, sign)
    first, second = [await signed(mail, lambda: pieces(mail), KEYS, outbound().written) for _ in range(2)]
    assert first == second


async def test_without_a_key_a_mail_goes_as_it_is() -> None:
    mail = render(outbound(), INBOX, sign)
    assert await signed(mail, lambda: pieces(mail), (), outbound().written) is mail


def pem(key: Any) -> bytes:
    written: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return written


def test_a_key_is_named_after_its_record_and_signs_for_its_domain_and_those_below(tmp_path: Path) -> None:
    (tmp_path / "2026a._domainkey.frontline.example.pem").write_bytes(pem(RSA_KEY))
    (tmp_path / "x.y._domainkey.mail.other.example.pem").write_bytes(pem(ED_KEY))
    quiet = Quiet()
    keys = SigningKeys(tmp_path, quiet, quiet)
    assert [key.selector for key in keys.of("support@frontline.example")] == ["2026a"]
    assert [key.selector for key in keys.of("support@mail.Frontline.example")] == ["2026a"]
    assert [key.selector for key in keys.of("a@mail.other.example")] == ["x.y"]
    assert keys.of("a@other.example") == keys.of("a@notfrontline.example") == ()


def test_a_key_that_is_added_or_replaced_signs_without_a_restart_and_one_that_is_no_key_changes_nothing(
    tmp_path: Path,
) -> None:
    quiet = Quiet()
    (tmp_path / "a._domainkey.frontline.example.pem").write_bytes(pem(RSA_KEY))
    keys = SigningKeys(tmp_path, quiet, quiet)
    (tmp_path / "b._domainkey.frontline.example.pem").write_bytes(pem(ED_KEY))
    assert [key.selector for key in keys.of("support@frontline.example")] == ["a", "b"]
    assert quiet.said == ["dkim.keys"]
    (tmp_path / "c._domainkey.frontline.example.pem").write_bytes(b"no key")
    assert [key.selector for key in keys.of("support@frontline.example")] == ["a", "b"]
    assert {"dkim_keys_unreadable", "dkim.keys_unreadable"} <= set(quiet.said)
    (tmp_path / "c._domainkey.frontline.example.pem").unlink()
    (tmp_path / "a._domainkey.frontline.example.pem").unlink()
    assert [key.selector for key in keys.of("support@frontline.example")] == ["b"]


def test_every_mistake_in_the_folder_is_told_and_no_key_is_shown(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(pem(RSA_KEY))
    (tmp_path / "a._domainkey.x.example.pem").write_bytes(b"nothing")
    (tmp_path / "b._domainkey.x.example.pem").write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    (tmp_path / "notes.txt").write_text("not looked at")
    with pytest.raises(SettingsError) as told:
        load_keys(tmp_path)
    assert [Path(mistake.where).name for mistake in told.value.mistakes] == [
        "a._domainkey.x.example.pem",
        "b._domainkey.x.example.pem",
        "key.pem",
    ]
    assert "PRIVATE" not in str(told.value) + repr(KEYS)
    assert repr(KEYS[0]) == "SigningKey(2026a._domainkey.frontline.example)"
