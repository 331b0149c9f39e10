"""Mails and what is needed to read them, for tests of the pure rooms."""

import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from frontline.contract.ids import InboxId
from frontline.contract.message import InboundMessage
from intake_email.normalize import Arrival, Normalised, normalise, read

FIXTURES = Path(__file__).parents[2] / "fixtures" / "email"
RECEIVED = datetime(2026, 5, 4, 12, 0, 0, 123000, tzinfo=UTC)


def sign(data: bytes) -> bytes:
    return hmac.digest(b"a key for tests only", data, hashlib.sha256)


def arrival(**parts: Any) -> Arrival:
    given: dict[str, Any] = {"inbox": InboxId("support"), "received": RECEIVED, "return_path": "one@customer.example"}
    return Arrival(**{**given, **parts})


def taken(raw: bytes, **parts: Any) -> Normalised:
    return normalise(read(raw), arrival(**parts), sign)


def message(raw: bytes, **parts: Any) -> InboundMessage:
    return taken(raw, **parts).message


def fixture(name: str) -> bytes:
    """A mail of `tests/fixtures/email` with the line ends that SMTP has."""
    return (FIXTURES / f"{name}.eml").read_bytes().replace(b"\n", b"\r\n")


def plain(text: str = "Text.", **fields: str | None) -> bytes:
    """A mail of one text; a field set to `None` is left out. Underscores in names stand for hyphens."""
    given: dict[str, str | None] = {
        "From": "Customer One <one@customer.example>",
        "To": "support@frontline.example",
        "Subject": "A question",
        "Date": "Mon, 04 May 2026 13:59:00 +0200",
        "Message-ID": "<plain@customer.example>",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
    return f"{head}\r\n{text}\r\n".encode()
