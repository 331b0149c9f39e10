"""An account of the simulator: what it is called, how it signs, and the ids that it gives out."""

import hmac
import secrets
from base64 import b64decode
from collections.abc import Mapping

import msgspec
from twilio.request_validator import RequestValidator


class SimulatedAccount(msgspec.Struct, frozen=True, kw_only=True):
    sid: str
    token: str

    def __repr__(self) -> str:
        return f"SimulatedAccount(sid={self.sid!r})"

    def sign(self, url: str, params: Mapping[str, str]) -> str:
        """By Twilio's own library, so that our check is held to it."""
        return str(RequestValidator(self.token).compute_signature(url.partition("#")[0], dict(params)))

    def is_theirs(self, authorization: str) -> bool:
        """Whether a REST call carries the account's credentials."""
        kind, _, given = authorization.partition(" ")
        try:
            said = b64decode(given, validate=True)
        except ValueError:
            return False
        return kind == "Basic" and hmac.compare_digest(said, f"{self.sid}:{self.token}".encode())


def new_sid(kind: str) -> str:
    """`kind` is two capital letters: `CA` a call, `SM` a message, `RE` a recording."""
    return kind + secrets.token_hex(16)
